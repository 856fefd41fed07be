/**
 * What the operator may ask of the API server: the one source of the roles in the Helm chart and in deploy/ (written by deploy/generate.ts), and
 * of the test that holds them to what the code asks for.
 *
 * Kubernetes lets nobody make a Role that grants more than its maker has, so that what member pods are granted (the engine's render/access.ts)
 * is in here too. Nothing is by name but what has a fixed one: clusters come with names of their own.
 */
import { dialects } from '@pgherd/engine';
import { kinds, type ResourceType } from '@pgherd/kube';
import { childKinds } from './kinds.ts';

/** One rule of a Role or ClusterRole, as in rbac.authorization.k8s.io/v1. */
export interface AccessRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

type Verb = 'get' | 'list' | 'watch' | 'create' | 'patch' | 'update' | 'delete';

/** Server-side apply is a PATCH, and where the object is not there yet it is authorized as `create` too. */
const applied = ['create', 'patch'] as const satisfies readonly Verb[];

/** Besides `list` and `watch`, which every kind needs. */
const childVerbs: Readonly<Record<keyof typeof childKinds, readonly Verb[]>> = {
  statefulSets: [...applied, 'delete'],
  deployments: [],
  // Pods are made by StatefulSets. Members read and annotate their own ones: `get` and `patch` are granted on.
  pods: ['get', 'patch', 'delete'],
  services: applied,
  // Where Patroni keeps its state: its configuration and a switchover are written there, and members are granted `get`.
  endpoints: ['get', ...applied, 'delete'],
  // SQL of the owner's own is read by name.
  configMaps: ['get', ...applied, 'delete'],
  // Values are made and completed from what is, not from what a cache knew; Secrets of others are read by name and never listed.
  secrets: ['get', ...applied, 'delete'],
  persistentVolumeClaims: [...applied, 'delete'],
  podDisruptionBudgets: applied,
  serviceAccounts: [...applied, 'delete'],
  roles: [...applied, 'delete'],
  roleBindings: [...applied, 'delete'],
  jobs: ['create', 'delete'],
  cronJobs: ['delete'],
};

const watched = ['list', 'watch'] as const satisfies readonly Verb[];

const verbOrder: readonly Verb[] = ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete'];

const ruleFor = (group: string, resource: string, verbs: readonly Verb[], resourceNames?: readonly string[]): AccessRule => ({
  apiGroups: [group],
  resources: [resource],
  ...(resourceNames === undefined ? {} : { resourceNames }),
  verbs: verbOrder.filter((verb) => verbs.includes(verb)),
});

const childRule = (field: keyof typeof childKinds): AccessRule => {
  const { group, plural }: ResourceType = childKinds[field];
  return ruleFor(group, plural, [...watched, ...childVerbs[field]]);
};

/** In every namespace that the operator looks after. */
export const namespacedRules = (): readonly AccessRule[] => [
  ...dialects.flatMap(({ resource: { group, plural } }) => [
    // The finalizer is put on and taken off.
    ruleFor(group, plural, [...watched, 'patch']),
    ruleFor(group, `${plural}/status`, ['patch']),
    // Children block their owner's deletion, which admission plugin OwnerReferencesPermissionEnforcement (on in OpenShift) allows to whom
    // it allows this.
    ruleFor(group, `${plural}/finalizers`, ['update']),
  ]),
  ...(Object.keys(childKinds) as (keyof typeof childKinds)[]).map(childRule),
  // A WebSocket is opened by GET, and newer versions of Kubernetes ask for `create` too.
  ruleFor('', 'pods/exec', ['get', 'create']),
  ruleFor('', kinds.events.plural, applied),
];

/** Besides, where `openshift` is on: members must be granted what OpenShift asks for before Endpoints with addresses of pods are made. */
export const openshiftRules = (): readonly AccessRule[] => [ruleFor('', 'endpoints/restricted', ['create'])];

/** In the operator's own namespace, for its election. A Lease to be made has no name yet that a rule could tell. */
export const leaseRules = (leaseName: string): readonly AccessRule[] => [
  ruleFor('coordination.k8s.io', 'leases', ['create']),
  ruleFor('coordination.k8s.io', 'leases', ['get', 'update'], [leaseName]),
];

/** Names of the custom resource definitions that this operator brings, as `group` and `plural` make them. */
export const definitionNames = (): readonly { readonly name: string; readonly plural: string }[] =>
  dialects.map(({ resource: { group, plural } }) => ({ name: `${plural}.${group}`, plural }));

/** Cluster-wide, and optional: without it a primary leaves a node that is to be emptied only when its pod is stopped. */
export const nodeRules = (): readonly AccessRule[] => [ruleFor('', kinds.nodes.plural, watched)];

/**
 * Cluster-wide, and optional: for `crds=apply` all of it, for `crds=check` only `get`, which is of use with `crds=off` too. Without even that
 * nothing is checked, and a definition that is deleted looks like the deletion of each cluster of its kind, which takes the volumes along.
 */
export const definitionRules = (mode: 'apply' | 'check'): readonly AccessRule[] => [
  ruleFor(
    kinds.customResourceDefinitions.group,
    kinds.customResourceDefinitions.plural,
    mode === 'apply' ? ['get', ...applied] : ['get'],
    definitionNames().map(({ name }) => name),
  ),
];
