/**
 * Equal strings as one. The objects of a thousand clusters say mostly the same (labels, images, scripts), and a decoder makes each string anew:
 * half of what caches would hold. The pool forgets what has not been met for a while, so that names that are gone do not stay.
 */

export interface StringPool {
  /** The same object, in which every string value that was met before is the one that was met. `except`: members of the object to leave alone. */
  readonly share: <T extends object>(object: T, except?: ReadonlySet<string>) => T;
}

/** How many strings are remembered before the older ones are forgotten. What clusters have in common are some hundreds. */
const defaultGeneration = 5_000;

export const newStringPool = (generation = defaultGeneration): StringPool => {
  let young = new Map<string, string>();
  let old = new Map<string, string>();

  const shared = (text: string): string => {
    const known = young.get(text);
    if (known !== undefined) return known;
    const kept = old.get(text) ?? text;
    if (young.size >= generation) {
      old = young;
      young = new Map();
    }
    young.set(kept, kept);
    return kept;
  };

  const walk = (value: object, except?: ReadonlySet<string>): void => {
    // Decoded JSON: plain objects and arrays, which differ only in the keys here.
    const members = value as Record<string, unknown>;
    for (const key of Object.keys(members)) {
      const member = members[key];
      if (except?.has(key) === true) continue;
      if (typeof member === 'string') members[key] = shared(member);
      else if (typeof member === 'object' && member !== null) walk(member);
    }
  };

  return {
    share: (object, except) => {
      walk(object, except);
      return object;
    },
  };
};
