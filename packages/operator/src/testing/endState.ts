/** What a namespace has come to, in a form in which two runs can be compared: without identities, versions, times, addresses and random values. */
import { canonicalJson, stamps, type Dialect } from '@pgherd/engine';
import type { KubernetesObject } from '@pgherd/kube';

/** Fields that no two runs have in common, wherever they are. */
const volatile = new Set<string>([
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'lastTransitionTime',
  'lastProbeTime',
  'startTime',
  'completionTime',
  'generation',
  'clusterIP',
  'clusterIPs',
  'ip',
  stamps.switchoverAsked,
  stamps.configuredAt,
  stamps.restartAsked,
]);

/** Hashes that cover names and addresses; what they are made of is compared itself. */
const coveringHashes = new Set<string>([stamps.applied]);

/** The API server copies uids into labels, too. */
const uid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Where the objects are from. */
export interface Setting {
  readonly dialect: Dialect;
  readonly namespace: string;
  /** The same objects get the same uids in every run, so that names and hashes made from them are the same, too. */
  readonly repeatsUids: boolean;
}

type Naming = (text: string) => string;

const normalized = (value: unknown, naming: Naming): unknown => {
  if (typeof value === 'string') return naming(value);
  if (Array.isArray(value)) {
    const items = value.map((item) => normalized(item, naming));
    // Members are listed in the order of their names, which differ where uids do.
    return items.every((item) => typeof item === 'string') ? items.toSorted() : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !volatile.has(key) && !coveringHashes.has(key))
      .map(([key, member]) => [naming(key), normalized(member, naming)]),
  );
};

/** Hashes and what is named by them, where they cover names that differ from run to run. */
const hash = /\b[0-9a-f]{16}\b|(?<=-backup-)[a-z0-9]{4}\b/g;

/** Lines of a file that lists members come in the order of their names. */
const inOrder = (text: string): string => text.split('\n').toSorted().join('\n');

/** Gives namespace and members names that are the same in every run. Members get one name for all: which of them it is, does not count. */
const namingOf = (objects: readonly KubernetesObject[], { dialect, namespace, repeatsUids }: Setting): Naming => {
  const instance = dialect.profile.labels.instance;
  const members = new Set(objects.flatMap(({ metadata }) => metadata.labels?.[instance] ?? []));
  return (text) => {
    const anonymous = text.replaceAll(uid, '(uid)').replaceAll(namespace, '(namespace)');
    if (repeatsUids) return anonymous;
    return inOrder([...members].reduce((result, name) => result.replaceAll(name, '(member)'), anonymous).replaceAll(hash, '(hash)'));
  };
};

/** By kind and name: the object as text. Of Secrets only the keys, and whether they have values; of conditions their order does not count. */
export const endStateOf = (objects: readonly KubernetesObject[], setting: Setting): ReadonlyMap<string, string> => {
  const naming = namingOf(objects, setting);
  const texts = objects
    .map((object) => {
      const data = (object as KubernetesObject & { readonly data?: Readonly<Record<string, string>> }).data ?? {};
      const shown =
        object.kind === 'Secret'
          ? {
              ...object,
              data: Object.entries(data)
                .map(([key, value]) => (value === '' ? `${key}, blank` : key))
                .toSorted(),
            }
          : object;
      return { name: naming(`${object.kind} ${object.metadata.name}`), text: canonicalJson(normalized(shown, naming)) };
    })
    .toSorted((left, right) => (left.text < right.text ? -1 : 1));
  const counts = new Map<string, number>();
  return new Map(
    texts.map(({ name, text }) => {
      const number = (counts.get(name) ?? 0) + 1;
      counts.set(name, number);
      return [number === 1 ? name : `${name}, number ${number}`, text];
    }),
  );
};

/** What differs, one line each; empty when nothing does. */
export const differencesBetween = (wanted: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>): readonly string[] => [
  ...[...wanted].flatMap(([name, text]) => {
    const other = found.get(name);
    if (other === undefined) return [`${name} is missing`];
    if (other === text) return [];
    const from = Array.from(text, (_, index) => text[index] === other[index]).indexOf(false);
    const around = (whole: string): string => whole.slice(Math.max(0, from - 60), from + 120);
    return [`${name}: wanted …${around(text)}… but found …${around(other)}…`];
  }),
  ...[...found.keys()].filter((name) => !wanted.has(name)).map((name) => `${name} is too many`),
];
