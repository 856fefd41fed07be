/** `spec.instances`: the sets of PostgreSQL instances. */
import { container } from '../kubernetes/embedded.ts';
import { integer, intOrString, list, listMap, object, required, string } from '../schema/builders.ts';
import { additionalVolumes, growingVolumeClaim, metadata, scheduling, sidecar, topologySpreadConstraints, volumeClaim } from './shared.ts';

const tablespaceVolume = object('', {
  name: required(
    string('Name of the volume. It is mounted at /tablespaces/NAME, for tablespaces in /tablespaces/NAME/data.', {
      pattern: '^[a-z][a-z0-9]*$',
      minLength: 1,
    }),
  ),
  dataVolumeClaimSpec: required(volumeClaim('The volume of the tablespace.')),
});

const instanceSet = object('', {
  name: string('Name of the set; absent: its place in the list, 00, 01, …. Together with the name of the cluster at most 46 characters.', {
    pattern: '^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$',
    default: '',
  }),
  metadata: metadata('what belongs to the set. A changed annotation restarts its instances one after the other'),
  replicas: integer('Number of instances in the set. One instance of the whole cluster is the primary.', {
    format: 'int32',
    minimum: 1,
    default: 1,
  }),
  minAvailable: intOrString(
    'How many instances of the set a voluntary disruption, like a node drain, has to leave. 0: no PodDisruptionBudget.',
    {
      assumed: '1 with more than one replica, otherwise none',
    },
  ),
  dataVolumeClaimSpec: required(growingVolumeClaim('The volume of the data directory.')),
  walVolumeClaimSpec: growingVolumeClaim('A volume of its own for the write-ahead log. It can be added and removed later.'),
  tablespaceVolumes: listMap('Volumes for tablespaces.', ['name'], tablespaceVolume),
  volumes: object('Volumes beside those for data and write-ahead log.', {
    additional: additionalVolumes('the pods of the set'),
    temp: volumeClaim('A volume for temporary files at /pgtmp. Its content goes with the pod.'),
  }),
  containers: list('Containers of your own in each pod of the set.', container()),
  sidecars: object("The operator's helper containers.", {
    replicaCertCopy: sidecar('Container replication-cert-copy.'),
  }),
  ...scheduling('an instance'),
  topologySpreadConstraints: topologySpreadConstraints('the set'),
});

export const instances = listMap('Sets of PostgreSQL instances. Instances of all sets replicate the same data.', ['name'], instanceSet, {
  minItems: 1,
  maxItemsByVersion: { v1: 16 },
});
