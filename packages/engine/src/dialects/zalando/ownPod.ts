/**
 * What a member's pod has of pgherd's own: what the manifest adds must stay out of its way. Where both are asked for, the API server refuses the
 * whole pod, or one of the two is lost in silence. pods.test.ts holds this to what is rendered.
 */
import type { Volume, VolumeMount } from '@pgherd/api';
import { profile } from './profile.ts';

const { containers, paths, volumes } = profile;

/** A socket for everybody in the pod, at the place where clients look for it. */
export const socketVolume: Volume = { name: 'postgresql-run', emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } };
export const socketMount: VolumeMount = { name: socketVolume.name, mountPath: paths.socketDirectory };

export interface OwnMount {
  readonly path: string;
  /** Nothing can be mounted below it either: there would have to be a directory for it. */
  readonly readOnly: boolean;
}

const writable = (path: string): OwnMount => ({ path, readOnly: false });
const fixed = (path: string): OwnMount => ({ path, readOnly: true });

/** In each of the manifest's containers that is no init container. */
export const sidecarMounts: readonly OwnMount[] = [writable(paths.dataMount), writable(socketMount.mountPath)];

/** In each of the manifest's init containers. */
export const initContainerMounts: readonly OwnMount[] = [writable(socketMount.mountPath)];

const common = [fixed(paths.certificates), writable('/tmp'), writable(socketMount.mountPath)];

/** pgherd's containers, init containers included, with what they mount. */
export const ownContainers: ReadonlyMap<string, readonly OwnMount[]> = new Map([
  [
    containers.database,
    [
      ...common,
      writable(paths.dataMount),
      writable('/dev/shm'),
      fixed('/etc/database-containerinfo'),
      fixed('/etc/passwd'),
      fixed(paths.patroni.directory),
      fixed('/var/run/secrets/kubernetes.io/serviceaccount'),
    ],
  ],
  [containers.certificateCopy, [...common, fixed('/etc/passwd'), fixed(paths.patroni.directory)]],
  [containers.startup, [...common, writable(paths.dataMount), fixed(paths.patroni.directory)]],
]);

export const ownVolumes: ReadonlySet<string> = new Set([
  volumes.data,
  socketVolume.name,
  'cert-volume',
  'database-containerinfo',
  'dshm',
  'kubernetes-access',
  'patroni-config',
  'tmp',
]);

/** Variables of PostgreSQL's container, besides those that are of this world. */
export const ownVariables: readonly string[] = [
  'KRB5RCACHEDIR',
  'KRB5_CONFIG',
  'LDAPTLS_CACERT',
  'PATRONICTL_CONFIG_FILE',
  'PATRONI_KUBERNETES_POD_IP',
  'PATRONI_KUBERNETES_PORTS',
  'PATRONI_NAME',
  'PATRONI_POSTGRESQL_CONFIG_DIR',
  'PATRONI_POSTGRESQL_CONNECT_ADDRESS',
  'PATRONI_POSTGRESQL_DATA_DIR',
  'PATRONI_POSTGRESQL_LISTEN',
  'PATRONI_RESTAPI_CONNECT_ADDRESS',
  'PATRONI_RESTAPI_LISTEN',
  'PGDATA',
  'PGHOST',
  'PGPORT',
];
