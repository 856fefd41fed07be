/**
 * What the API server asks of the lists in a pod: names that can be, and keys that come once. It answers a key that is missing or comes twice with
 * an error that looks like its own (500), so nobody would be told, and everything else of the pod would wait with it.
 */
import type { Field, JsonObject } from '../common/fields.ts';
import { embedded, isPresent, itemsOf, report, shown } from '../common/fields.ts';

/** Names of containers and of volumes are labels of DNS (RFC 1123). */
export const isLabel = (name: string): boolean => /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name);

/** Completes "… is no name of a container". */
export const labelRule = 'write one of at most 63 small letters, digits and dashes';

/** An absolute path without empty parts, dots and a slash at the end, so that two ways of writing one place are seen to be one. */
export const plainPath = (path: string): string =>
  `/${path
    .split('/')
    .reduce<readonly string[]>(
      (parts, part) => (part === '..' ? parts.slice(0, -1) : part === '' || part === '.' ? parts : [...parts, part]),
      [],
    )
    .join('/')}`;

export const isAtOrBelow = (path: string, above: string): boolean => path === above || path.startsWith(`${above}/`);

/** What tells the items of a list apart. */
export interface ListKey {
  /** The item in words, which name the key; undefined: it has none. */
  readonly nameOf: (item: JsonObject) => string | undefined;
  /** Completes "it lacks …". */
  readonly fields: string;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const named = (what: string, name: string): ListKey => ({
  nameOf: (item) => {
    const value = text(item[name]);
    return value === undefined ? undefined : `${what} ${shown(value)}`;
  },
  fields: `a ${name}`,
});

export const listKeys = {
  variables: named('variable', 'name'),
  devices: named('device', 'devicePath'),
  mounts: {
    nameOf: (item) => {
      const path = text(item['mountPath']);
      return path === undefined ? undefined : `mount ${shown(plainPath(path))}`;
    },
    fields: 'a mountPath',
  },
  ports: {
    nameOf: ({ containerPort, protocol }) =>
      typeof containerPort === 'number' ? `port ${containerPort}/${text(protocol) ?? 'TCP'}` : undefined,
    fields: 'a containerPort',
  },
  spreadConstraints: {
    nameOf: ({ topologyKey, whenUnsatisfiable }) => {
      const [key, action] = [text(topologyKey), text(whenUnsatisfiable)];
      return key === undefined || action === undefined ? undefined : `constraint ${shown(key)} ${action}`;
    },
    fields: 'a topologyKey or a whenUnsatisfiable',
  },
} as const satisfies Readonly<Record<string, ListKey>>;

/** The items of a list, each key once: the first one counts. What is left out is reported. */
export const distinctItems = (field: Field, key: ListKey): readonly { readonly field: Field; readonly value: JsonObject }[] => {
  const seen = new Set<string>();
  return itemsOf(field).flatMap((item) => {
    const value = embedded<JsonObject>(item);
    // What is there and no object is reported already.
    if (value === undefined && isPresent(item)) return [];
    const name = value === undefined ? undefined : key.nameOf(value);
    if (value !== undefined && name !== undefined && !seen.has(name)) {
      seen.add(name);
      return [{ field: item, value }];
    }
    report(item, {
      kind: 'invalid',
      reason: 'InvalidValue',
      message:
        name === undefined
          ? `it lacks ${key.fields}, so it is ignored; complete or remove it`
          : `${name} stands here twice, and the first one counts; remove this one`,
    });
    return [];
  });
};

/** The same of a list of Kubernetes' own objects: their type is the caller's word, their shape the API server checked. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export const distinctObjects = <Type extends object>(field: Field, key: ListKey): readonly Type[] =>
  distinctItems(field, key).map(({ value }) => value as Type);
