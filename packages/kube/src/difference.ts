/**
 * Where a live object differs from what was applied to it.
 *
 * Fields that only the live object has belong to others or are defaults, and do not count. Lists whose items have an identity in the API
 * (`x-kubernetes-list-map-keys` in the OpenAPI of Kubernetes 1.34) are compared item by item, sets by membership, all other lists as a
 * whole, because server-side apply replaces them as a whole. The API server rewrites some values; those rules are below.
 */
import { sameQuantity } from './quantity.ts';

/** Keys of items, by the name of the list or, where that is ambiguous, by the names of its parent and the list. */
const listKeys: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  imagePullSecrets: ['name'],
  hostAliases: ['ip'],
  resourceClaims: ['name'],
  topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
  ownerReferences: ['uid'],
  conditions: ['type'],
  'containers.ports': ['containerPort', 'protocol'],
  'initContainers.ports': ['containerPort', 'protocol'],
  'spec.ports': ['port', 'protocol'],
};

const sets: ReadonlySet<string> = new Set(['finalizers']);

/** Values that the server fills in for the keys of an item. */
const keyDefaults: Readonly<Record<string, string>> = { protocol: 'TCP' };

/** Maps of quantities. */
const quantityMaps: ReadonlySet<string> = new Set(['requests', 'limits', 'capacity', 'hard', 'overhead']);
const quantityFields: ReadonlySet<string> = new Set(['sizeLimit', 'divisor']);
const intOrStringFields: ReadonlySet<string> = new Set(['targetPort', 'port', 'maxUnavailable', 'maxSurge', 'minAvailable']);

/** Maps from string to string, which the server leaves out when they are empty. */
const plainMaps: ReadonlySet<string> = new Set([
  'labels',
  'annotations',
  'data',
  'binaryData',
  'matchLabels',
  'nodeSelector',
  'requests',
  'limits',
  'selector',
  'parameters',
]);

/** Maps that are one value (`x-kubernetes-map-type: atomic`): a key that somebody added changes what they say, and applying them again takes it away. */
const atomicMaps: ReadonlySet<string> = new Set(['selector', 'matchLabels', 'nodeSelector']);

/**
 * The server leaves out false, 0 and the empty string of fields that cannot be unset. These can: there, absent is another value than zero.
 */
const keptZeros: ReadonlySet<string> = new Set([
  'automountServiceAccountToken',
  'allowPrivilegeEscalation',
  'privileged',
  'readOnlyRootFilesystem',
  'runAsNonRoot',
  'enableServiceLinks',
  'storageClassName',
  'replicas',
  'suspend',
  'immutable',
  'controller',
  'blockOwnerDeletion',
]);

/**
 * Path of the first applied field that the live object does not have with the same value, as in `spec.template.spec.containers[database].image`;
 * undefined if there is none.
 */
export function firstDifference(applied: object, live: object): string | undefined {
  return inObject(withEncodedStringData(applied), live as Fields, { path: '', name: '', parent: '' });
}

/** Whether every applied field still has its value in the live object. */
export function isSubsetOf(applied: object, live: object): boolean {
  return firstDifference(applied, live) === undefined;
}

type Fields = Readonly<Record<string, unknown>>;

interface Place {
  readonly path: string;
  /** Name of the field. Items of a list are at the place of the list. */
  readonly name: string;
  /** Name of the field around it. */
  readonly parent: string;
}

function inValue(applied: unknown, live: unknown, place: Place): string | undefined {
  if (applied === undefined) return undefined;
  if (applied === null) return live === undefined || live === null ? undefined : place.path;
  if (Array.isArray(applied)) return inList(applied, live, place);
  if (typeof applied === 'object') {
    if (isFields(live)) return inObject(applied as Fields, live, place);
    const isLeftOut = live === undefined && plainMaps.has(place.name) && Object.values(applied).every((value) => value === undefined);
    return isLeftOut ? undefined : place.path;
  }
  return sameScalar(applied, live, place) ? undefined : place.path;
}

function inObject(applied: Fields, live: Fields, place: Place): string | undefined {
  if (atomicMaps.has(place.name)) {
    const added = Object.keys(live).find((name) => applied[name] === undefined);
    if (added !== undefined) return `${place.path}.${added}`;
  }
  for (const [name, value] of Object.entries(applied)) {
    const path = place.path === '' ? name : `${place.path}.${name}`;
    const difference = inValue(value, live[name], { path, name, parent: place.name });
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function inList(applied: readonly unknown[], live: unknown, place: Place): string | undefined {
  const items: readonly unknown[] = Array.isArray(live) ? live : [];
  if (!Array.isArray(live) && (live !== undefined || applied.length > 0)) return place.path;
  if (sets.has(place.name)) return applied.every((item) => items.includes(item)) ? undefined : place.path;
  const keys = listKeys[`${place.parent}.${place.name}`] ?? listKeys[place.name];
  if (keys === undefined || !applied.every(isFields)) {
    if (applied.length !== items.length) return place.path;
    return firstOf(applied, (item, index) => inValue(item, items[index], { ...place, path: `${place.path}[${index}]` }));
  }
  const byId = new Map(items.filter(isFields).map((item) => [idOf(item, keys), item]));
  return firstOf(applied, (item) => {
    const id = idOf(item, keys);
    const other = byId.get(id);
    const path = `${place.path}[${id}]`;
    return other === undefined ? path : inObject(item, other, { ...place, path });
  });
}

function firstOf<T>(items: readonly T[], differenceIn: (item: T, index: number) => string | undefined): string | undefined {
  for (const [index, item] of items.entries()) {
    const difference = differenceIn(item, index);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function idOf(item: Fields, keys: readonly string[]): string {
  return keys.map((key) => textOf(item[key] ?? keyDefaults[key])).join(',');
}

function sameScalar(applied: unknown, live: unknown, { name, parent }: Place): boolean {
  if (applied === live) return true;
  if (live === undefined || live === null) return (applied === false || applied === 0 || applied === '') && !keptZeros.has(name);
  if (quantityMaps.has(parent) || quantityFields.has(name)) return sameQuantity(applied, live);
  return intOrStringFields.has(name) && textOf(applied) === textOf(live);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '');
}

/** A Secret's `stringData` is write-only: the server moves it to `data`. */
function withEncodedStringData(applied: object): Fields {
  const { stringData, ...rest } = applied as Fields;
  if (rest['kind'] !== 'Secret' || !isFields(stringData)) return applied as Fields;
  const encoded = Object.entries(stringData).map(([name, value]) => [name, Buffer.from(String(value)).toString('base64')]);
  return { ...rest, data: { ...(rest['data'] as Fields | undefined), ...Object.fromEntries(encoded) } };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
