/** Defaults of the built-in kinds, as `pkg/apis/<group>/v1/defaults.go` of Kubernetes 1.34 sets them. They apply on every write. */
import { asObject, asString, isObject, objectAt, objectsAt, setDefault } from './json.ts';
import type { JsonObject, MutableObject } from './json.ts';
import { defaultPod, defaultPodSpec } from './podDefaults.ts';

const rbacGroup = 'rbac.authorization.k8s.io';

const defaulters: Readonly<Record<string, (object: MutableObject) => void>> = {
  '/Namespace': (object) => {
    const metadata = objectAt(object, 'metadata');
    if (asString(metadata.name) !== '') objectAt(metadata, 'labels')['kubernetes.io/metadata.name'] = asString(metadata.name);
    setDefault(objectAt(object, 'status'), 'phase', 'Active');
  },
  '/Pod': (object) => {
    defaultPodSpec(objectAt(object, 'spec'));
    defaultPod(object);
  },
  '/Service': defaultService,
  '/Secret': (object) => {
    const texts = Object.entries(asObject(object.stringData));
    if (texts.length > 0) {
      const data = objectAt(object, 'data');
      for (const [key, text] of texts) data[key] = Buffer.from(asString(text), 'utf8').toString('base64');
    }
    delete object.stringData;
    setDefault(object, 'type', 'Opaque');
  },
  '/Endpoints': (object) => {
    for (const subset of objectsAt(object, 'subsets')) for (const port of objectsAt(subset, 'ports')) setDefault(port, 'protocol', 'TCP');
  },
  '/PersistentVolumeClaim': defaultClaim,
  '/PersistentVolume': (object) => {
    setDefault(objectAt(object, 'status'), 'phase', 'Pending');
    setDefault(objectAt(object, 'spec'), 'persistentVolumeReclaimPolicy', 'Retain');
    setDefault(objectAt(object, 'spec'), 'volumeMode', 'Filesystem');
  },
  'apps/StatefulSet': defaultStatefulSet,
  'apps/Deployment': defaultDeployment,
  'apps/ReplicaSet': (object) => {
    setDefault(objectAt(object, 'spec'), 'replicas', 1);
    defaultTemplate(objectAt(object, 'spec'));
  },
  'batch/Job': (object) => {
    const labels = asObject(asObject(asObject(asObject(object.spec).template).metadata).labels);
    const metadata = objectAt(object, 'metadata');
    if (Object.keys(asObject(metadata.labels)).length === 0 && Object.keys(labels).length > 0) metadata.labels = { ...labels };
    defaultJobSpec(objectAt(object, 'spec'));
    setDefault(objectAt(object, 'spec'), 'completionMode', 'NonIndexed');
    setDefault(objectAt(object, 'spec'), 'suspend', false);
    setDefault(objectAt(object, 'spec'), 'backoffLimit', asObject(object.spec).backoffLimitPerIndex === undefined ? 6 : 2 ** 31 - 1);
    setDefault(
      objectAt(object, 'spec'),
      'podReplacementPolicy',
      isObject(asObject(object.spec).podFailurePolicy) ? 'Failed' : 'TerminatingOrFailed',
    );
    setDefault(objectAt(object, 'spec'), 'manualSelector', false);
  },
  'batch/CronJob': (object) => {
    const spec = objectAt(object, 'spec');
    setDefault(spec, 'concurrencyPolicy', 'Allow');
    setDefault(spec, 'suspend', false);
    setDefault(spec, 'successfulJobsHistoryLimit', 3);
    setDefault(spec, 'failedJobsHistoryLimit', 1);
    defaultTemplate(objectAt(objectAt(spec, 'jobTemplate'), 'spec'));
  },
  [`${rbacGroup}/RoleBinding`]: defaultBinding,
  [`${rbacGroup}/ClusterRoleBinding`]: defaultBinding,
  'storage.k8s.io/StorageClass': (object) => {
    setDefault(object, 'reclaimPolicy', 'Delete');
    setDefault(object, 'volumeBindingMode', 'Immediate');
  },
};

/** Sets the defaults of `kind` in an object under construction. */
export function setDefaults(group: string, kind: string, object: MutableObject): void {
  defaulters[`${group}/${kind}`]?.(object);
}

function defaultTemplate(spec: MutableObject): void {
  defaultPodSpec(objectAt(objectAt(spec, 'template'), 'spec'));
}

function defaultService(object: MutableObject): void {
  const spec = objectAt(object, 'spec');
  setDefault(spec, 'sessionAffinity', 'None');
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  else setDefault(objectAt(objectAt(spec, 'sessionAffinityConfig'), 'clientIP'), 'timeoutSeconds', 10_800);
  setDefault(spec, 'type', 'ClusterIP');
  for (const port of objectsAt(spec, 'ports')) {
    setDefault(port, 'protocol', 'TCP');
    if (port.targetPort === 0 || port.targetPort === '' || port.targetPort === undefined) port.targetPort = port.port;
  }
  const outside = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
  if (outside) setDefault(spec, 'externalTrafficPolicy', 'Cluster');
  if (outside || spec.type === 'ClusterIP') setDefault(spec, 'internalTrafficPolicy', 'Cluster');
  if (spec.type === 'LoadBalancer') setDefault(spec, 'allocateLoadBalancerNodePorts', true);
}

function defaultClaim(claim: MutableObject): void {
  setDefault(objectAt(claim, 'status'), 'phase', 'Pending');
  setDefault(objectAt(claim, 'spec'), 'volumeMode', 'Filesystem');
}

function defaultStatefulSet(object: MutableObject): void {
  const spec = objectAt(object, 'spec');
  setDefault(spec, 'podManagementPolicy', 'OrderedReady');
  const strategy = objectAt(spec, 'updateStrategy');
  if (strategy.type === undefined) {
    strategy.type = 'RollingUpdate';
    setDefault(strategy, 'rollingUpdate', {});
  }
  if (strategy.type === 'RollingUpdate' && isObject(strategy.rollingUpdate))
    setDefault(objectAt(strategy, 'rollingUpdate'), 'partition', 0);
  const retention = objectAt(spec, 'persistentVolumeClaimRetentionPolicy');
  setDefault(retention, 'whenDeleted', 'Retain');
  setDefault(retention, 'whenScaled', 'Retain');
  setDefault(spec, 'replicas', 1);
  setDefault(spec, 'revisionHistoryLimit', 10);
  defaultTemplate(spec);
  for (const claim of objectsAt(spec, 'volumeClaimTemplates')) {
    claim.apiVersion = 'v1';
    claim.kind = 'PersistentVolumeClaim';
    defaultClaim(claim);
  }
}

function defaultDeployment(object: MutableObject): void {
  const spec = objectAt(object, 'spec');
  setDefault(spec, 'replicas', 1);
  const strategy = objectAt(spec, 'strategy');
  setDefault(strategy, 'type', 'RollingUpdate');
  if (strategy.type === 'RollingUpdate') {
    setDefault(objectAt(strategy, 'rollingUpdate'), 'maxUnavailable', '25%');
    setDefault(objectAt(strategy, 'rollingUpdate'), 'maxSurge', '25%');
  }
  setDefault(spec, 'revisionHistoryLimit', 10);
  setDefault(spec, 'progressDeadlineSeconds', 600);
  defaultTemplate(spec);
}

function defaultJobSpec(spec: MutableObject): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  setDefault(spec, 'parallelism', 1);
  defaultTemplate(spec);
}

function defaultBinding(object: MutableObject): void {
  const role = objectAt(object, 'roleRef');
  if (asString(role.apiGroup) === '') role.apiGroup = rbacGroup;
  for (const subject of objectsAt(object, 'subjects')) {
    if ((subject.kind === 'User' || subject.kind === 'Group') && asString(subject.apiGroup) === '') subject.apiGroup = rbacGroup;
  }
}

/** Whether two specs are equal but for the fields named: what may change in a spec that is otherwise fixed. */
export function withoutFields(spec: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(spec).filter(([name]) => !fields.includes(name)));
}
