/**
 * What of an object is kept in memory. Cut out are fields that nobody reads (managed fields: half of an object's size) and Patroni's
 * heartbeats: they change every ten seconds and must wake no pass, so an event that changes nothing else changes nothing here.
 */

/** Patroni writes these on every loop (patroni/dcs/kubernetes.py, 4.0): on the leader's Endpoints or ConfigMap. */
const heartbeatAnnotations: ReadonlySet<string> = new Set(['renewTime', 'optime', 'acquireTime', 'slots', 'retain_slots', 'failsafe']);
/** Members of the JSON that Patroni keeps in annotation `status` of each pod. */
const heartbeatMembers: ReadonlySet<string> = new Set([
  'xlog_location',
  'received_location',
  'replayed_location',
  'replay_lsn',
  'receive_lsn',
  'sync_standby',
]);

interface Stored {
  readonly kind?: string;
  readonly metadata: {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

const withoutMembers = (json: string): string => {
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return json;
    return JSON.stringify(Object.fromEntries(Object.entries(parsed).filter(([key]) => !heartbeatMembers.has(key))));
  } catch {
    return json;
  }
};

const projectedAnnotations = (kind: string, annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(annotations)
      .filter(([key]) => !heartbeatAnnotations.has(key) && key !== 'kubectl.kubernetes.io/last-applied-configuration')
      .map(([key, value]) => [key, kind === 'Pod' && key === 'status' ? withoutMembers(value) : value]),
  );

/** The object without what is not kept. Types stay: what is cut is optional everywhere. */
export const projected = <T extends object>(kind: string, object: T): T => {
  const stored = object as unknown as Stored;
  const metadata = {
    ...stored.metadata,
    managedFields: undefined,
    ...(stored.metadata.annotations === undefined ? {} : { annotations: projectedAnnotations(kind, stored.metadata.annotations) }),
  };
  return { ...stored, metadata } as unknown as T;
};

/** Whether two projected versions of an object say the same: then the event between them wakes nobody. */
export const saysTheSame = (left: object, right: object): boolean => textOf(left) === textOf(right);

const textOf = (object: object): string =>
  JSON.stringify(object, (key: string, value: unknown) => (key === 'resourceVersion' || key === 'managedFields' ? undefined : value));
