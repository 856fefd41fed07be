/**
 * What of a manifest is carried out, field by field, so that nothing is lost in silence: every field that is present and not carried out yet
 * becomes a finding with its path. Paths are those of the schema: `[]` stands for each item of a list, `.*` for each member of a map.
 */
import type { Manifest } from '../manifest.ts';
import type { Field } from './fields.ts';
import { isObject, isPresent, itemsOf, membersOf, report } from './fields.ts';

export interface Feature {
  /** Completes "… is not carried out yet". */
  readonly what: string;
  /** Whether the value asks for anything at all. */
  readonly asks: (value: unknown) => boolean;
  /** To go on without it would do harm, so nothing is made or changed. Its text says what the harm is. */
  readonly harm?: string;
}

export const always = (): boolean => true;

/** There is something in it, however deep: empty text is nothing. */
export const filled = (value: unknown): boolean => {
  if (Array.isArray(value)) return value.length > 0;
  if (isObject(value)) return Object.values(value).some(filled);
  return value !== undefined && value !== null && value !== '';
};

export const unless = (name: string, state: boolean) => (value: unknown) => !isObject(value) || value[name] !== state;
export const onlyIf = (name: string, state: boolean) => (value: unknown) => isObject(value) && value[name] === state;

/** An annotation that asks for something that is not carried out yet. */
export interface Request {
  readonly annotation: string;
  readonly what: string;
  /** Whether it has any effect with this value, in this spec. */
  readonly asks: (value: string, spec: Field) => boolean;
}

export interface Support {
  /** Fields that are carried out, with everything below them. */
  readonly supported: readonly string[];
  /** Fields whose meaning is known and not carried out yet. They win over `supported`. */
  readonly features: Readonly<Record<string, Feature>>;
  /** Fields that have no effect in the original either. */
  readonly deprecated: readonly string[];
  readonly requests: readonly Request[];
}

const reportFeature = (field: Field, feature: Feature): void => {
  if (!feature.asks(field.value)) return;
  report(field, {
    kind: 'unsupported',
    reason: 'NotYetSupported',
    message: `${feature.what} is not carried out yet; ${feature.harm ?? 'the cluster runs without it'}`,
    blocking: feature.harm !== undefined,
  });
};

/** Every proper beginning of a path in the tables: what lies there is only the way to something else. */
const waysOf = (paths: readonly string[]): ReadonlySet<string> =>
  new Set(
    paths.flatMap((path) => {
      const names = path.split('.');
      return names.slice(1).flatMap((_, index) => {
        const way = names.slice(0, index + 1).join('.');
        return way.endsWith('[]') ? [way.slice(0, -2), way] : [way];
      });
    }),
  );

/** How far a field is carried out, by its path below the spec, and for a feature that is missing its words. */
export type FieldState =
  { readonly kind: 'carriedOut' | 'partly' | 'withoutEffect' | 'missing' } | { readonly kind: 'missingFeature'; readonly what: string };

export const stateOf = ({ supported, features, deprecated }: Support, path: string): FieldState => {
  const covers = (above: string): boolean => path === above || path.startsWith(`${above}.`) || path.startsWith(`${above}[]`);
  const feature = Object.entries(features).find(([above]) => covers(above));
  if (feature !== undefined) return { kind: 'missingFeature', what: feature[1].what };
  if (deprecated.some(covers)) return { kind: 'withoutEffect' };
  if (supported.some(covers)) return { kind: 'carriedOut' };
  return { kind: supported.some((below) => below.startsWith(`${path}.`) || below.startsWith(`${path}[]`)) ? 'partly' : 'missing' };
};

type Reporter = (spec: Field, manifest: Manifest, skip: ReadonlySet<string>) => void;

/** Makes what reports of a manifest what is not carried out yet; fields in `skip` are not looked at. */
export const supportChecker = ({ supported, features, deprecated, requests }: Support): Reporter => {
  const supportedPaths: ReadonlySet<string> = new Set(supported);
  const deprecatedPaths: ReadonlySet<string> = new Set(deprecated);
  const ways = waysOf([...supported, ...Object.keys(features), ...deprecated]);

  const walk = (field: Field, path: string, skip: ReadonlySet<string>): void => {
    if (!isPresent(field) || skip.has(path)) return;
    const feature = Object.hasOwn(features, path) ? features[path] : undefined;
    if (feature !== undefined) {
      reportFeature(field, feature);
    } else if (deprecatedPaths.has(path)) {
      report(field, { kind: 'warning', reason: 'DeprecatedField', message: 'the field has had no effect for long; remove it' });
    } else if (ways.has(`${path}[]`)) {
      for (const item of itemsOf(field)) walk(item, `${path}[]`, skip);
    } else if (ways.has(`${path}.*`)) {
      for (const member of membersOf(field)) walk(member.field, `${path}.*`, skip);
    } else if (path === '' || ways.has(path)) {
      for (const member of membersOf(field)) {
        const below = path === '' ? member.name : `${path}.${member.name}`;
        // What is below a supported field is supported, but for the features in it.
        if (!supportedPaths.has(path) || ways.has(below) || Object.hasOwn(features, below)) walk(member.field, below, skip);
      }
    } else if (!supportedPaths.has(path) && !supported.some((above) => path.startsWith(`${above}.`))) {
      report(field, {
        kind: 'unsupported',
        reason: 'NotYetSupported',
        message: 'the field is not carried out yet; the cluster runs without it',
      });
    }
  };

  return (spec, manifest, skip) => {
    walk(spec, '', skip);
    for (const { annotation, what, asks } of requests) {
      const value = manifest.metadata.annotations?.[annotation];
      if (typeof value !== 'string' || !asks(value, spec)) continue;
      const field: Field = { path: `metadata.annotations[${JSON.stringify(annotation)}]`, value, findings: spec.findings };
      report(field, {
        kind: 'unsupported',
        reason: 'NotYetSupported',
        message: `${what} is not carried out yet; the annotation has no effect`,
      });
    }
  };
};
