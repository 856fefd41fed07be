/** What pods may ask of the API server: by name wherever Kubernetes can tell names apart. */
import type { PolicyRule, Role, RoleBinding, ServiceAccount } from '@pgherd/api';
import type { DesiredObject } from '../decision.ts';
import { patroniObjects, type Cluster } from '../model/cluster.ts';
import type { Renderer } from './context.ts';
import { childMetadata } from './metadata.ts';
import { repositoryHostPod } from './backups/layout.ts';
import { backupLabels } from './labels.ts';

type Pairs = Readonly<Record<string, string>>;

const serviceAccount = (cluster: Cluster, name: string, labels: Pairs): ServiceAccount => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: childMetadata(cluster, name, labels),
  // Containers that need a token have it mounted; everything else of the pod, an intruder's included, has none.
  automountServiceAccountToken: false,
});

/** An account of this name with these rights. */
const account = (
  cluster: Cluster,
  name: string,
  labels: Pairs,
  rules: readonly PolicyRule[],
): readonly (ServiceAccount | Role | RoleBinding)[] => [
  serviceAccount(cluster, name, labels),
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: childMetadata(cluster, name, labels), rules },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: childMetadata(cluster, name, labels),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace: cluster.identity.namespace }],
  },
];

/**
 * What Patroni 4 asks for (patroni/dcs/kubernetes.py). Making, listing and watching cannot be limited to names, because the API server
 * decides on them before it knows any; reading and changing can. Patroni removes its own Endpoints only in `patronictl remove`, which an
 * operator's cluster has no use for. Its attempt to make the configuration Service is forgiven when forbidden, and the Service is there.
 */
const memberRules = (cluster: Cluster, pods: readonly string[]): readonly PolicyRule[] => {
  const endpoints = patroniObjects(cluster);
  return [
    { apiGroups: [''], resources: ['endpoints'], verbs: ['create', 'list', 'watch'] },
    { apiGroups: [''], resources: ['endpoints'], resourceNames: endpoints, verbs: ['get', 'patch'] },
    // OpenShift asks for more before it lets Endpoints with addresses of pods be made.
    ...(cluster.pods.openshift ? [{ apiGroups: [''], resources: ['endpoints/restricted'], verbs: ['create'] }] : []),
    { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
    ...(pods.length === 0 ? [] : [{ apiGroups: [''], resources: ['pods'], resourceNames: pods, verbs: ['get', 'patch'] }]),
  ];
};

/** A backup runs in the repository host's pod; the Job that asks for it may do nothing else. WebSockets are opened by GET, and since Kubernetes 1.31 that needs `create` too. */
const backupRules = (cluster: Cluster): readonly PolicyRule[] => {
  const resourceNames = [repositoryHostPod(cluster)];
  return [
    { apiGroups: [''], resources: ['pods'], resourceNames, verbs: ['get'] },
    { apiGroups: [''], resources: ['pods/exec'], resourceNames, verbs: ['get', 'create'] },
  ];
};

export const renderAccess: Renderer = (cluster, members, { leaving }) => {
  const { names } = cluster.profile;
  const { name } = cluster.identity;
  const pods = [...members.map(({ identity }) => identity.pod), ...leaving.map(({ pod }) => pod)].toSorted();
  return [
    ...account(cluster, names.memberAccess(name), {}, memberRules(cluster, pods)),
    ...(cluster.backups === undefined
      ? []
      : [
          ...account(cluster, names.backupAccess(name), backupLabels(cluster), backupRules(cluster)),
          serviceAccount(cluster, names.repositoryHostAccess(name), backupLabels(cluster)),
        ]),
  ].map(
    // The API server looks at the role when it is bound, unless whoever binds may do everything: a binding comes after its role.
    (object): DesiredObject => ({ object, stage: object.kind === 'RoleBinding' ? 1 : 0, mode: 'apply' }),
  );
};
