/** Label and field selectors of list and watch. */
import { badRequest } from './apiFailure.ts';
import { asList, asObject, asString, at } from './json.ts';
import type { JsonObject } from './json.ts';

export type Selector = (object: JsonObject) => boolean;

/** Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k`. */
export function labelSelector(text: string): Selector {
  const requirements = splitRequirements(text).map(labelRequirement);
  return (object) => {
    const labels = asObject(at(object, 'metadata', 'labels'));
    return requirements.every((matches) => matches(labels));
  };
}

function splitRequirements(text: string): readonly string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function labelRequirement(text: string): (labels: JsonObject) => boolean {
  const set = /^([\w./-]+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    return (labels) =>
      operator === 'in'
        ? labels[key] !== undefined && values.has(asString(labels[key]))
        : labels[key] === undefined || !values.has(asString(labels[key]));
  }
  const pair = /^([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)$/.exec(text);
  if (pair !== null) {
    const [, key = '', operator, value = ''] = pair;
    return (labels) => (operator === '!=' ? labels[key] !== value : labels[key] === value);
  }
  const existence = /^(!?)\s*([\w./-]+)$/.exec(text);
  if (existence === null) throw badRequest(`unable to parse requirement: ${JSON.stringify(text)}`);
  const [, not, key = ''] = existence;
  return (labels) => (labels[key] === undefined) === (not === '!');
}

/** Parses `metadata.name=x,spec.nodeName!=y`. Any field may be named; the real server knows only a few for each kind. */
export function fieldSelector(text: string): Selector {
  const requirements = text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const match = /^([\w.]+)(==|=|!=)(.*)$/.exec(part);
      if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
      const [, path = '', operator, value = ''] = match;
      return (object: JsonObject): boolean => (asString(at(object, ...path.split('.'))) === value) === (operator !== '!=');
    });
  return (object) => requirements.every((matches) => matches(object));
}

/** Which labels a `matchLabels`/`matchExpressions` selector inside an object selects. */
export function selectorOfObject(selector: JsonObject): (labels: JsonObject) => boolean {
  const equalities = Object.entries(asObject(selector.matchLabels)).map(([key, value]) => `${key}=${asString(value)}`);
  const expressions = asList(selector.matchExpressions).map((expression) => {
    const { key, operator, values } = asObject(expression);
    const list = asList(values).map(asString).join(',');
    switch (asString(operator)) {
      case 'In':
        return `${asString(key)} in (${list})`;
      case 'NotIn':
        return `${asString(key)} notin (${list})`;
      default:
        return operator === 'Exists' ? asString(key) : `!${asString(key)}`;
    }
  });
  const requirements = [...equalities, ...expressions].map(labelRequirement);
  return (labels) => requirements.every((matches) => matches(labels));
}
