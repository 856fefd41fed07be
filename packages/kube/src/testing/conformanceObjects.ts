/** One representative object of every kind that pgherd renders, written so that as much as possible of defaulting and canonicalisation shows. */
import { kinds } from '../kinds.ts';
import type { ResourceType } from '../objects.ts';
import { database, labels, podSpec, statefulSet } from './conformancePods.ts';
import { widgetsIn } from './conformanceWidgets.ts';

export interface ConformanceCase {
  /** Name of the golden file. */
  readonly name: string;
  readonly type: ResourceType;
  /** Without its name and namespace. */
  readonly object: Readonly<Record<string, unknown>>;
  /** What an apply by the same manager sends afterwards: fields that change, come and go. */
  readonly next?: Readonly<Record<string, unknown>>;
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
