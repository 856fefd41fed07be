/** One representative object of every kind that pgherd renders, written so that as much as possible of defaulting and canonicalisation shows. */
import { kinds } from '../kinds.ts';
import type { KubernetesObject, ResourceType, UnstructuredObject } from '../objects.ts';

export interface ConformanceCase {
  /** Name of the golden file. */
  readonly name: string;
  readonly type: ResourceType;
  /** Without its name and namespace. */
  readonly object: Readonly<Record<string, unknown>>;
  /** What an apply by the same manager sends afterwards: fields that change, come and go. */
  readonly next?: Readonly<Record<string, unknown>>;
}

/** The custom resource of the suite, in a group of its own for each run: with defaults, a list map, a set, a map, and a status subresource. */
export function widgetDefinition(group: string): KubernetesObject & Readonly<Record<string, unknown>> {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  properties: {
                    size: { type: 'integer', default: 3 },
                    storage: { 'x-kubernetes-int-or-string': true },
                    tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
                    sets: {
                      type: 'array',
                      'x-kubernetes-list-type': 'map',
                      'x-kubernetes-list-map-keys': ['name'],
                      items: {
                        type: 'object',
                        required: ['name'],
                        properties: {
                          name: { type: 'string', default: '' },
                          replicas: { type: 'integer', default: 1 },
                          image: { type: 'string' },
                        },
                      },
                    },
                    steps: { type: 'array', items: { type: 'string' } },
                    parameters: { type: 'object', additionalProperties: { type: 'string' } },
                    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  },
                },
                status: {
                  type: 'object',
                  properties: {
                    observedGeneration: { type: 'integer' },
                    conditions: {
                      type: 'array',
                      'x-kubernetes-list-type': 'map',
                      'x-kubernetes-list-map-keys': ['type'],
                      items: { type: 'object', required: ['type'], properties: { type: { type: 'string' }, status: { type: 'string' } } },
                    },
                  },
                },
              },
            },
          },
        },
      ],
    },
  };
}

/** The group of the custom resource of a run that works in this namespace. */
export function widgetGroup(namespace: string): string {
  return `${namespace}.pgherd.dev`;
}

export function widgetsIn(namespace: string): ResourceType<UnstructuredObject> {
  return { group: widgetGroup(namespace), version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };
}

const labels = { 'postgres-operator.crunchydata.com/cluster': 'hippo', 'postgres-operator.crunchydata.com/instance-set': '00' };

const database = {
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

const podSpec = {
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

function statefulSet(spec: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return {
    metadata: { labels, annotations: { note: 'x' } },
    spec: { serviceName: 'hippo-pods', selector: { matchLabels: labels }, template, ...spec },
  };
}

export function conformanceCases(namespace: string): readonly ConformanceCase[] {
  return [
    {
      name: 'statefulset',
      type: kinds.statefulSets,
      object: statefulSet({ replicas: 1, updateStrategy: { type: 'OnDelete' } }),
      next: statefulSet({
        replicas: 0,
        updateStrategy: { type: 'OnDelete' },
        template: {
          metadata: { labels, annotations: { changed: 'yes' } },
          spec: {
            ...podSpec,
            initContainers: [],
            tolerations: [],
            containers: [
              { name: 'first', image: 'registry.example/first:1' },
              { ...database, env: database.env.slice(0, 2), livenessProbe: undefined },
            ],
            volumes: podSpec.volumes.filter(({ name }) => ['postgres-data', 'cert-volume', 'tmp'].includes(name)),
          },
        },
      }),
    },
    {
      name: 'statefulset-with-claims',
      type: kinds.statefulSets,
      object: statefulSet({
        podManagementPolicy: 'Parallel',
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'postgres', image: 'spilo' }], terminationGracePeriodSeconds: 300 },
        },
        volumeClaimTemplates: [
          { metadata: { name: 'pgdata' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } } },
        ],
      }),
    },
    {
      name: 'deployment',
      type: kinds.deployments,
      object: {
        spec: {
          replicas: 2,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: { containers: [database], volumes: podSpec.volumes.slice(0, 2).concat([{ name: 'tmp' }]) },
          },
        },
      },
      next: {
        spec: {
          strategy: { rollingUpdate: { maxUnavailable: 0 } },
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'database', image: 'other:1' }] } },
        },
      },
    },
    { name: 'pod', type: kinds.pods, object: { metadata: { labels }, spec: podSpec } },
    {
      name: 'pod-guaranteed',
      type: kinds.pods,
      object: { spec: { containers: [{ name: 'a', image: 'a@sha256:0123', resources: { limits: { cpu: 1, memory: '1Gi' } } }] } },
    },
    {
      name: 'service',
      type: kinds.services,
      object: { metadata: { labels }, spec: { selector: labels, ports: [{ name: 'postgres', port: 5432, targetPort: 'postgres' }] } },
      next: { metadata: { labels }, spec: { type: 'NodePort', selector: { role: 'primary' }, ports: [{ name: 'other', port: 5433 }] } },
    },
    {
      name: 'service-without-selector',
      type: kinds.services,
      object: { spec: { ports: [{ name: 'postgres', port: 5432, protocol: 'TCP' }] } },
    },
    {
      name: 'service-headless',
      type: kinds.services,
      object: { spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector: labels } },
    },
    { name: 'service-headless-without-selector', type: kinds.services, object: { spec: { clusterIP: 'None', ports: [{ port: 5432 }] } } },
    {
      name: 'service-load-balancer',
      type: kinds.services,
      object: {
        spec: {
          type: 'LoadBalancer',
          sessionAffinity: 'ClientIP',
          selector: labels,
          ports: [{ port: 5432 }],
        },
      },
      next: { spec: { type: 'ClusterIP', selector: labels, ports: [{ port: 5432 }] } },
    },
    {
      name: 'endpoints',
      type: kinds.endpoints,
      object: {
        subsets: [{ addresses: [{ ip: '10.0.0.2', hostname: 'b' }, { ip: '10.0.0.1' }], ports: [{ name: 'postgres', port: 5432 }] }],
      },
      next: { subsets: [{ addresses: [{ ip: '10.0.0.3' }], ports: [{ port: 5432 }] }] },
    },
    {
      name: 'configmap',
      type: kinds.configMaps,
      object: { metadata: { labels: {}, annotations: { a: 'b' } }, data: { 'patroni.yaml': 'a: 1\n', empty: '', gone: 'x' } },
      next: { data: { 'patroni.yaml': 'a: 2\n', empty: '' } },
    },
    { name: 'configmap-empty', type: kinds.configMaps, object: {}, next: { immutable: true } },
    { name: 'secret', type: kinds.secrets, object: { data: { user: 'aGlwcG8=' } }, next: { data: { user: 'aGlwcG8=', port: 'NTQzMg==' } } },
    {
      name: 'serviceaccount',
      type: kinds.serviceAccounts,
      object: { automountServiceAccountToken: false, imagePullSecrets: [{ name: 'registry' }] },
    },
    {
      name: 'role',
      type: kinds.roles,
      object: {
        rules: [
          { apiGroups: [''], resources: ['endpoints'], verbs: ['get', 'list', 'patch'], resourceNames: ['hippo-ha'] },
          { apiGroups: [''], resources: ['pods'], resourceNames: [], verbs: ['get'] },
        ],
      },
      next: { rules: [] },
    },
    {
      name: 'rolebinding',
      type: kinds.roleBindings,
      object: {
        roleRef: { kind: 'Role', name: 'hippo' },
        subjects: [
          { kind: 'ServiceAccount', name: 'hippo-instance' },
          { kind: 'User', name: 'jane' },
        ],
      },
      next: { roleRef: { kind: 'Role', name: 'hippo' }, subjects: [{ kind: 'ServiceAccount', name: 'other', namespace: 'x' }] },
    },
    {
      name: 'poddisruptionbudget',
      type: kinds.podDisruptionBudgets,
      object: { spec: { minAvailable: 1, selector: { matchLabels: labels } } },
      next: { spec: { minAvailable: '50%', selector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] } } },
    },
    {
      name: 'persistentvolumeclaim',
      type: kinds.persistentVolumeClaims,
      object: { metadata: { labels }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } } },
      next: {
        metadata: { labels: { only: 'this' } },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    },
    {
      name: 'job',
      type: kinds.jobs,
      object: {
        spec: {
          backoffLimit: 0,
          ttlSecondsAfterFinished: 60,
          template: { metadata: { labels }, spec: { restartPolicy: 'Never', containers: [{ name: 'pgbackrest', image: 'x:1' }] } },
        },
      },
      next: {
        spec: {
          backoffLimit: 0,
          suspend: true,
          template: { metadata: { labels }, spec: { restartPolicy: 'Never', containers: [{ name: 'pgbackrest', image: 'x:1' }] } },
        },
      },
    },
    {
      name: 'cronjob',
      type: kinds.cronJobs,
      object: {
        spec: {
          schedule: '0 1 * * *',
          jobTemplate: { spec: { template: { spec: { restartPolicy: 'OnFailure', containers: [{ name: 'a', image: 'x:1' }] } } } },
        },
      },
      next: {
        spec: {
          schedule: '0 2 * * *',
          timeZone: 'Europe/Berlin',
          concurrencyPolicy: 'Forbid',
          jobTemplate: { spec: { template: { spec: { restartPolicy: 'OnFailure', containers: [{ name: 'a', image: 'x:1' }] } } } },
        },
      },
    },
    {
      name: 'event',
      type: { group: 'events.k8s.io', version: 'v1', kind: 'Event', plural: 'events', namespaced: true },
      object: {
        eventTime: '2026-01-02T03:04:05.123000Z',
        reportingController: 'pgherd',
        reportingInstance: 'pgherd-0',
        action: 'Create',
        reason: 'Created',
        type: 'Normal',
        note: 'made it',
        regarding: { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', namespace: '<namespace>' },
      },
    },
    {
      name: 'lease',
      type: kinds.leases,
      object: {
        spec: {
          holderIdentity: 'a',
          leaseDurationSeconds: 15,
          acquireTime: '2026-01-02T03:04:05.000000Z',
          renewTime: '2026-01-02T03:04:05.123000Z',
          leaseTransitions: 0,
        },
      },
      next: { spec: { holderIdentity: 'b', leaseTransitions: 1 } },
    },
    {
      name: 'custom-resource',
      type: widgetsIn(namespace),
      object: {
        metadata: { finalizers: [] },
        spec: {
          storage: '1024Mi',
          tags: ['b', 'a'],
          sets: [{ name: 'one' }, { name: 'two', replicas: 2, image: 'x' }],
          steps: ['1', '2'],
          parameters: { a: '1', b: '2' },
          free: { any: [1, { thing: null }] },
        },
        status: { observedGeneration: 7 },
      },
      next: {
        spec: {
          storage: 1,
          tags: ['a', 'c'],
          sets: [{ name: 'three' }, { name: 'two', replicas: 5 }],
          steps: ['3'],
          parameters: { b: '2' },
        },
      },
    },
  ];
}
