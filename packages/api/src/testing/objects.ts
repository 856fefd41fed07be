/** For tests: reading and changing plain objects by the paths that `allPaths` gives. */
import type { FieldPath } from '../schema/paths.ts';

type PlainObject = { [key: string]: unknown };

/** A place in an object: names and indexes. */
export type Place = readonly (string | number)[];

/** `spec.users[0].name` */
export function placeName(place: Place): string {
  return place.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}

/** The first place in `object` that `path` (`spec.users[].name`) names; undefined if there is none. */
export function firstPlace(object: unknown, path: FieldPath['path']): Place | undefined {
  return find(object, path.replaceAll('[]', '.[]').split('.'));
}

function find(value: unknown, steps: readonly string[]): Place | undefined {
  const [step, ...rest] = steps;
  if (step === undefined) return [];
  if (typeof value !== 'object' || value === null) return undefined;
  const candidates = step === '[]' || step === '*' ? Object.keys(value) : [step];
  for (const candidate of candidates) {
    if (!Object.hasOwn(value, candidate)) continue;
    const below = find((value as PlainObject)[candidate], rest);
    if (below !== undefined) return [Array.isArray(value) ? Number(candidate) : candidate, ...below];
  }
  return undefined;
}

export function valueAt(object: unknown, place: Place): unknown {
  return place.reduce<unknown>((value, step) => (value as PlainObject | undefined)?.[step], object);
}

/** A copy of `object` with `value` at `place`; undefined takes the field away. Parents that are missing are made. */
export function changed<T extends object>(object: T, place: Place, value: unknown): T {
  const copy = structuredClone(object);
  const last = place.at(-1);
  if (last === undefined) throw new TypeError('changed: the place is empty');
  let parent = copy as PlainObject;
  for (const [index, step] of place.slice(0, -1).entries()) {
    parent[step] ??= typeof place[index + 1] === 'number' ? [] : {};
    parent = parent[step] as PlainObject;
  }
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}
