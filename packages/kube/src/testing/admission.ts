/**
 * What the real server does to an object besides defaulting, before it stores it: allocated addresses, generated selectors, finalizers, reset
 * fields, generations. None of this is owned by the writer.
 */
import { withoutFields } from './defaults.ts';
import { asList, asObject, asString, at, copy, equal, isObject, objectAt, objectsAt, setDefault } from './json.ts';
import type { JsonObject, MutableObject } from './json.ts';
import { refuseFixedChanges } from './fixedFields.ts';
import { defaultPodSpec, qualityOfService } from './podDefaults.ts';
import { resourceOf } from './servedKinds.ts';
import type { ServedKind } from './servedKinds.ts';
import { nameOf } from './storage.ts';
import type { Storage } from './storage.ts';

/** Numbers for addresses and ports: deterministic, never given twice. */
export interface Allocator {
  clusterAddress(): string;
  nodePort(): number;
}

/** How many of each there have been. */
export interface Counts {
  addresses: number;
  ports: number;
  uids: number;
  suffixes: number;
}

export function createAllocator(counts: Pick<Counts, 'addresses' | 'ports'>): Allocator {
  return {
    clusterAddress() {
      counts.addresses += 1;
      return `10.96.${Math.floor(counts.addresses / 250) + 1}.${(counts.addresses % 250) + 1}`;
    },
    nodePort() {
      counts.ports += 1;
      return 29_999 + counts.ports;
    },
  };
}

/** Kinds that count changes of their spec in `metadata.generation`. */
const withGeneration = new Set([
  '/pods',
  'apps/statefulsets',
  'apps/deployments',
  'apps/replicasets',
  'batch/jobs',
  'batch/cronjobs',
  'policy/poddisruptionbudgets',
  'apiextensions.k8s.io/customresourcedefinitions',
]);

/** Changes an object on its way to its creation. `given` is what the request sent; `object` has its uid and defaults. */
export function admitCreate(kind: ServedKind, given: JsonObject, object: MutableObject, allocator: Allocator): void {
  if (kind.status) delete object.status;
  if (kind.custom || withGeneration.has(resourceOf(kind))) objectAt(object, 'metadata').generation = 1;
  switch (kind.custom ? '' : resourceOf(kind)) {
    case '/namespaces':
      objectAt(object, 'spec').finalizers = ['kubernetes'];
      object.status = { phase: 'Active' };
      return;
    case '/pods':
      admitPod(object);
      return;
    case '/services':
      allocateService(objectAt(object, 'spec'), allocator);
      return;
    case '/persistentvolumeclaims':
      addFinalizer(object, 'kubernetes.io/pvc-protection');
      object.status = { phase: 'Pending' };
      return;
    case '/persistentvolumes':
      addFinalizer(object, 'kubernetes.io/pv-protection');
      object.status = { phase: 'Pending' };
      return;
    case 'batch/jobs':
      selectJobPods(given, object);
      return;
    case 'apiextensions.k8s.io/customresourcedefinitions':
      establish(object);
      return;
    default:
  }
}

function addFinalizer(object: MutableObject, finalizer: string): void {
  const metadata = objectAt(object, 'metadata');
  const present = asList(metadata.finalizers);
  if (!present.includes(finalizer)) metadata.finalizers = [...present, finalizer];
}

function admitPod(pod: MutableObject): void {
  const spec = objectAt(pod, 'spec');
  setDefault(spec, 'serviceAccountName', 'default');
  defaultPodSpec(spec);
  setDefault(spec, 'priority', 0);
  setDefault(spec, 'preemptionPolicy', 'PreemptLowerPriority');
  const tolerations = asList(spec.tolerations);
  const missing = ['not-ready', 'unreachable']
    .map((condition) => `node.kubernetes.io/${condition}`)
    .filter((key) => !tolerations.some((toleration) => [key, '', undefined].includes(asObject(toleration).key as string | undefined)))
    .map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }));
  spec.tolerations = [...tolerations, ...missing];
  if (spec.automountServiceAccountToken !== false) mountServiceAccountToken(spec);
  pod.status = { phase: 'Pending', qosClass: qualityOfService(spec) };
}

const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount';

function mountServiceAccountToken(spec: MutableObject): void {
  // The real server's suffix is random.
  const name = 'kube-api-access-00000';
  const containers = [...objectsAt(spec, 'initContainers'), ...objectsAt(spec, 'containers')];
  const lacking = containers.filter(
    (container) => !asList(container.volumeMounts).some((mount) => asObject(mount).mountPath === tokenPath),
  );
  if (lacking.length === 0) return;
  for (const container of lacking)
    container.volumeMounts = [...asList(container.volumeMounts), { name, readOnly: true, mountPath: tokenPath }];
  const projected = {
    defaultMode: 0o644,
    sources: [
      { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
    ],
  };
  spec.volumes = [...asList(spec.volumes), { name, projected }];
}

function allocateService(spec: MutableObject, allocator: Allocator): void {
  if (spec.type === 'ExternalName') return;
  const given = asString(spec.clusterIP) || asString(asList(spec.clusterIPs)[0]);
  const address = given === '' ? allocator.clusterAddress() : given;
  spec.clusterIP = address;
  spec.clusterIPs = [address];
  const selectorless = address === 'None' && !isObject(spec.selector);
  setDefault(spec, 'ipFamilyPolicy', selectorless ? 'RequireDualStack' : 'SingleStack');
  setDefault(spec, 'ipFamilies', selectorless ? ['IPv4', 'IPv6'] : ['IPv4']);
  const wantsNodePorts = spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
  if (spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local') spec.healthCheckNodePort ??= allocator.nodePort();
  else delete spec.healthCheckNodePort;
  if (wantsNodePorts) for (const port of objectsAt(spec, 'ports')) port.nodePort ??= allocator.nodePort();
}

function selectJobPods(given: JsonObject, job: MutableObject): void {
  const spec = objectAt(job, 'spec');
  if (spec.manualSelector === true) return;
  delete spec.manualSelector;
  const uid = asString(at(job, 'metadata', 'uid'));
  const labels = objectAt(objectAt(objectAt(spec, 'template'), 'metadata'), 'labels');
  for (const key of ['job-name', 'batch.kubernetes.io/job-name']) setDefault(labels, key, nameOf(job));
  for (const key of ['controller-uid', 'batch.kubernetes.io/controller-uid']) setDefault(labels, key, uid);
  // Where the Job takes its labels from its template, the real server has them in one map.
  if (Object.keys(asObject(at(given, 'metadata', 'labels'))).length === 0) objectAt(job, 'metadata').labels = { ...labels };
  objectAt(objectAt(spec, 'selector'), 'matchLabels')['batch.kubernetes.io/controller-uid'] = uid;
}

function establish(definition: MutableObject): void {
  const spec = asObject(definition.spec);
  const condition = (type: string, reason: string): JsonObject => ({ type, status: 'True', reason, message: '' });
  definition.status = {
    acceptedNames: spec.names,
    conditions: [condition('NamesAccepted', 'NoConflicts'), condition('Established', 'InitialNamesAccepted')],
    storedVersions: asList(spec.versions)
      .map(asObject)
      .filter((version) => version.storage === true)
      .map((version) => asString(version.name)),
  };
}

/**
 * Changes an object on its way over `current`.
 *
 * @throws {ApiFailure} 422 if it changes what is fixed.
 */
export function admitUpdate(kind: ServedKind, current: JsonObject, next: MutableObject, allocator: Allocator, storage: Storage): void {
  const resource = kind.custom ? '' : resourceOf(kind);
  if (kind.status) next.status = current.status;
  if (resource === '/services') keepServiceAddresses(asObject(current.spec), objectAt(next, 'spec'), allocator);
  refuseFixedChanges(kind, current, next, storage);
  if (resource === 'apiextensions.k8s.io/customresourcedefinitions') establish(next);
  const generation = at(current, 'metadata', 'generation');
  if (typeof generation === 'number')
    objectAt(next, 'metadata').generation = changesGeneration(kind, current, next) ? generation + 1 : generation;
}

function changesGeneration(kind: ServedKind, current: JsonObject, next: JsonObject): boolean {
  if (!kind.custom) return !equal(current.spec, next.spec);
  return (
    !equal(withoutFields(current, ['metadata', 'status', 'apiVersion']), withoutFields(next, ['metadata', 'status', 'apiVersion'])) ||
    (!kind.status && !equal(current.status, next.status))
  );
}

function keepServiceAddresses(current: JsonObject, next: MutableObject, allocator: Allocator): void {
  const kept = current.type !== 'ExternalName' && next.type !== 'ExternalName';
  if (kept && next.clusterIP === undefined && current.clusterIP !== undefined) {
    next.clusterIP = current.clusterIP;
    if (current.clusterIPs !== undefined) next.clusterIPs = current.clusterIPs;
  }
  if (kept) for (const field of ['ipFamilies', 'ipFamilyPolicy']) if (current[field] !== undefined) setDefault(next, field, current[field]);
  allocateService(next, allocator);
  const exposed = next.type === 'NodePort' || next.type === 'LoadBalancer';
  if (!exposed) {
    delete next.externalTrafficPolicy;
    for (const port of objectsAt(next, 'ports')) delete port.nodePort;
  }
  if (next.type !== 'LoadBalancer') delete next.allocateLoadBalancerNodePorts;
}

/** What a write to the status subresource may change: the status; of a built-in kind its metadata too. */
export function admitStatus(kind: ServedKind, current: JsonObject, next: MutableObject): MutableObject {
  if (!kind.custom) return Object.assign(next, { spec: current.spec });
  const result = copy(current);
  if (next.status === undefined) delete result.status;
  else result.status = next.status;
  objectAt(result, 'metadata').managedFields = at(next, 'metadata', 'managedFields');
  return result;
}
