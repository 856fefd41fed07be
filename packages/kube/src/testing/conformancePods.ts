/** Pods of the conformance suite, as members and clients of a cluster are rendered. */

export const labels = { 'postgres-operator.crunchydata.com/cluster': 'hippo', 'postgres-operator.crunchydata.com/instance-set': '00' };

export const database = {
  name: 'database',
  image: 'registry.example/postgres:17',
  command: ['patroni', '/etc/patroni'],
  args: [],
  env: [
    { name: 'PGDATA', value: '/pgdata/pg17' },
    { name: 'EMPTY', value: '' },
    { name: 'PATRONI_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'MEMORY', valueFrom: { resourceFieldRef: { containerName: 'database', resource: 'limits.memory' } } },
    { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'hippo-pguser', key: 'password' } } },
  ],
  ports: [
    { name: 'postgres', containerPort: 5432 },
    { name: 'patroni', containerPort: 8008, protocol: 'TCP' },
  ],
  resources: { limits: { cpu: '1.5', memory: '1024Mi' }, requests: { cpu: '0.1', memory: '524288Ki' } },
  livenessProbe: { httpGet: { path: '/liveness', port: 8008, scheme: 'HTTPS' }, initialDelaySeconds: 3 },
  readinessProbe: { httpGet: { port: 'patroni' }, periodSeconds: 5 },
  startupProbe: { exec: { command: ['true'] }, failureThreshold: 30 },
  lifecycle: { preStop: { exec: { command: ['/bin/sh', '-c', 'true'] } } },
  securityContext: {
    allowPrivilegeEscalation: false,
    privileged: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
  },
  volumeMounts: [
    { name: 'postgres-data', mountPath: '/pgdata', readOnly: false },
    { name: 'cert-volume', mountPath: '/pgconf/tls', readOnly: true },
    { name: 'tmp', mountPath: '/tmp', subPath: '' },
  ],
};

export const podSpec = {
  serviceAccountName: 'hippo-instance',
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  hostNetwork: false,
  shareProcessNamespace: true,
  securityContext: { fsGroup: 26, fsGroupChangePolicy: 'OnRootMismatch', supplementalGroups: [65_534] },
  tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'postgres', effect: 'NoSchedule' }],
  imagePullSecrets: [{ name: 'registry' }],
  affinity: {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: labels } } },
      ],
    },
  },
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: labels } },
  ],
  initContainers: [{ name: 'postgres-startup', image: 'registry.example/postgres:latest', command: ['true'] }],
  containers: [database, { name: 'replication-cert-copy', image: 'registry.example/postgres' }],
  volumes: [
    { name: 'postgres-data', persistentVolumeClaim: { claimName: 'hippo-pgdata', readOnly: false } },
    {
      name: 'cert-volume',
      projected: {
        defaultMode: 0o600,
        sources: [
          { secret: { name: 'hippo-cluster-cert', items: [{ key: 'tls.crt', path: 'tls.crt' }] } },
          { secret: { name: 'hippo-replication-cert', optional: true } },
          { configMap: { name: 'hippo-config' } },
          { serviceAccountToken: { path: 'token' } },
        ],
      },
    },
    { name: 'podinfo', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
    { name: 'config', configMap: { name: 'hippo-config' } },
    { name: 'secret', secret: { secretName: 'hippo-pguser' } },
    { name: 'dshm', emptyDir: { medium: 'Memory', sizeLimit: '0.5Gi' } },
    { name: 'tmp' },
  ],
};

const template = { metadata: { labels, annotations: {} }, spec: podSpec };

/** A StatefulSet of such pods. */
export function statefulSet(spec: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return {
    metadata: { labels, annotations: { note: 'x' } },
    spec: { serviceName: 'hippo-pods', selector: { matchLabels: labels }, template, ...spec },
  };
}
