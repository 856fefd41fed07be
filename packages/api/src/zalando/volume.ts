/** `spec.volume` and `spec.additionalVolumes`: where data is, and what else is mounted. */
import { labelSelector } from '../kubernetes/embedded.ts';
import { boolean, freeForm, integer, list, object, required, string } from '../schema/builders.ts';
import { names, sizePattern } from './shared.ts';

const subPath = (of: string) => ({
  subPath: string(`Directory in the volume that is mounted instead of ${of}.`),
  isSubPathExpr: boolean('Whether subPath holds variables of the container, $(NAME), to be filled in.', { assumed: 'false' }),
});

export const volume = object('The volume of the data directory, one for each instance.', {
  size: required(string('Size: 10Gi. It can grow and never shrink.', { pattern: sizePattern })),
  storageClass: string('StorageClass of the volume.', { assumed: 'the default of Kubernetes' }),
  ...subPath('its root'),
  iops: integer('Operations per second, for EBS volumes of type gp3.', { format: 'int32', maximum: 80000 }),
  throughput: integer('MiB per second, for EBS volumes of type gp3.', { format: 'int32', maximum: 2000 }),
  type: string('Type that an EBS volume is converted to: gp3.'),
  selector: labelSelector('Labels of the volumes that may be taken.'),
});

const additionalVolume = object('', {
  name: required(string('Name of the volume in the pod.')),
  mountPath: required(string('Directory that it is mounted at.')),
  ...subPath('its root'),
  targetContainers: names('Containers that get the volume. Absent, null or empty: postgres alone; all, as the only entry: every one.'),
  // No schema of Kubernetes' own: every kind of volume that a cluster may know has to pass.
  volumeSource: required(freeForm('What the volume is: emptyDir, secret, persistentVolumeClaim and so on, as in a pod.')),
});

export const additionalVolumes = list('Volumes to mount besides the one for data.', additionalVolume);
