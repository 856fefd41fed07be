/** What of a postgresql is carried out. */
import type { Manifest } from '../manifest.ts';
import type { Field } from '../common/fields.ts';
import { at, isObject, isPresent } from '../common/fields.ts';
import { always, filled, supportChecker, type Feature, type Support } from '../common/support.ts';

/** Fields that are carried out, with everything below them. */
export const supported: readonly string[] = [
  'additionalVolumes',
  'allowedSourceRanges',
  'databases',
  'dockerImage',
  'enableMasterLoadBalancer',
  'enableMasterNodePort',
  'enableReplicaLoadBalancer',
  'enableReplicaNodePort',
  'enableShmVolume',
  'env',
  'envFrom',
  'initContainers',
  'masterNodePort',
  'masterServiceAnnotations',
  'maintenanceWindows',
  'nodeAffinity',
  'numberOfInstances',
  'patroni',
  'podAnnotations',
  'podPriorityClassName',
  'postgresql',
  'preparedDatabases',
  'replicaNodePort',
  'replicaServiceAnnotations',
  'resources',
  'serviceAnnotations',
  'sidecars',
  'spiloFSGroup',
  'spiloRunAsGroup',
  'spiloRunAsUser',
  'teamId',
  'tls.caFile',
  'tls.caSecretName',
  'tls.certificateFile',
  'tls.privateKeyFile',
  'tls.secretName',
  'tolerations',
  'topologySpreadConstraints',
  'users',
  // Says how to read a path, and the path is reported.
  'volume.isSubPathExpr',
  'volume.selector',
  'volume.size',
  'volume.storageClass',
];

const asks = (value: unknown): boolean => value === true;
const pooling = 'connection pooling with PgBouncer';
const pooler: Feature = { what: pooling, asks };
const poolerPort: Feature = { what: pooling, asks: (value) => typeof value === 'number' && value !== 0 };
const rotation: Feature = { what: "rotating a user's password", asks: filled };
const ebs: Feature = { what: 'changing the type of an EBS volume', asks: (value) => filled(value) && value !== 0 };
const subPath: Feature = {
  what: 'a directory in the data volume',
  asks: filled,
  harm: 'data would be put elsewhere than asked, so nothing is made or changed',
};

/** Fields whose meaning is known and not carried out yet. They win over `supported`. */
const features: Readonly<Record<string, Feature>> = {
  clone: {
    what: 'creating a cluster from existing data',
    // Without a cluster to clone it is switched off.
    asks: (value) => isObject(value) && filled(value['cluster']),
    harm: 'an empty database would be created in its place, so nothing is made',
  },
  connectionPooler: { what: pooling, asks: always },
  enableConnectionPooler: pooler,
  enableLogicalBackup: { what: 'a logical backup', asks },
  enableMasterPoolerLoadBalancer: pooler,
  enableMasterPoolerNodePort: pooler,
  enableReplicaConnectionPooler: pooler,
  enableReplicaPoolerLoadBalancer: pooler,
  enableReplicaPoolerNodePort: pooler,
  livenessProbe: { what: "a probe of one's own", asks: filled },
  logicalBackupRetention: { what: 'a logical backup', asks: filled },
  logicalBackupSchedule: { what: 'a logical backup', asks: filled },
  masterPoolerNodePort: poolerPort,
  'preparedDatabases.*.secretNamespace': { what: 'keeping Secrets in another namespace', asks: filled },
  replicaPoolerNodePort: poolerPort,
  schedulerName: { what: 'another scheduler', asks: filled },
  standby: {
    what: 'a standby cluster',
    asks: filled,
    harm: 'it would become a primary of its own in its place, so nothing is made or changed',
  },
  streams: { what: 'streaming events', asks: filled },
  usersIgnoringSecretRotation: rotation,
  usersWithInPlaceSecretRotation: rotation,
  usersWithSecretRotation: rotation,
  'volume.iops': ebs,
  'volume.subPath': subPath,
  'volume.throughput': ebs,
  'volume.type': ebs,
};

export const support: Support = { supported, features, deprecated: [], requests: [] };

const check = supportChecker(support);

/** They say how a pooler is, not whether there is one. */
const ofPoolers = [
  'connectionPooler',
  'enableMasterPoolerLoadBalancer',
  'enableMasterPoolerNodePort',
  'enableReplicaPoolerLoadBalancer',
  'enableReplicaPoolerNodePort',
  'masterPoolerNodePort',
  'replicaPoolerNodePort',
] as const;

/** Fields that ask for nothing, since no pooler is asked for. */
const withoutPooler = (spec: Field): readonly string[] => {
  const master = at(spec, 'enableConnectionPooler').value;
  const isAsked = master === true || at(spec, 'enableReplicaConnectionPooler').value === true;
  if (isAsked || (master !== false && isPresent(at(spec, 'connectionPooler')))) return [];
  return ofPoolers;
};

/** Reports what of the manifest is not carried out yet. Where the data came from matters once: manifests keep it. */
export const checkSupport = (spec: Field, manifest: Manifest, bootstrapped: boolean): void => {
  check(spec, manifest, new Set([...(bootstrapped ? ['clone'] : []), ...withoutPooler(spec)]));
};
