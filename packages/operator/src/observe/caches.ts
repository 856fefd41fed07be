/** Everything that is watched: the manifests of every dialect, and by the label of their cluster the objects that belong to them. */
import type { Dialect } from '@pgherd/engine';
import {
  apiVersionOf,
  createCache,
  keyOf,
  type Cache,
  type ChangeHandler,
  type Client,
  type Informer,
  type KubernetesObject,
  type Priority,
  type ResourceType,
} from '@pgherd/kube';
import { childKinds } from '../kinds.ts';
import { withAppliedNulls } from './appliedNulls.ts';
import { newKeeping } from './kept.ts';
import { newNamespaces, type Namespaces, type Scope } from './namespaces.ts';
import { saysTheSame } from './projection.ts';
import { urgencyOf } from './urgency.ts';

/** A cluster as the work queue knows it. */
export interface ClusterKey {
  readonly dialect: Dialect;
  readonly namespace: string;
  readonly name: string;
}

type ChildKind = keyof typeof childKinds;

export interface Caches {
  readonly cache: Cache;
  /** How far each namespace is known. */
  readonly namespaces: Namespaces;
  /** The manifest as it stands; undefined: there is none. */
  readonly manifest: (key: ClusterKey) => KubernetesObject | undefined;
  readonly manifests: () => readonly ClusterKey[];
  /** All objects that carry the cluster's label, by kind. */
  readonly children: (key: ClusterKey) => Readonly<Record<ChildKind, readonly KubernetesObject[]>>;
  readonly child: (dialect: Dialect, kind: string, namespace: string, name: string) => KubernetesObject | undefined;
  /** Tells of every change that says something new. */
  readonly onChange: (
    handler: (
      key: ClusterKey,
      change: { readonly kind: string; readonly deleted: boolean; readonly object: KubernetesObject; readonly urgency: Priority },
    ) => void,
  ) => void;
}

const clusterIndex = 'cluster';

/** The objects of a dialect's clusters. */
const selectorOf = ({ profile: { commonLabels, labels } }: Dialect): string =>
  [...Object.entries(commonLabels).map(([key, value]) => `${key}=${value}`), labels.cluster].join(',');

/** Resource of a dialect's manifests. */
export const resourceOfDialect = (dialect: Dialect): ResourceType => ({ ...dialect.resource, namespaced: true });

/** Makes all informers; they run when the cache does. `namespaces` undefined: all namespaces, one informer a kind. */
export const newCaches = (
  client: Client,
  dialects: readonly Dialect[],
  namespaces: readonly string[] | undefined,
  onError: (type: ResourceType, error: Error, scope: Scope) => void,
): Caches => {
  const kept = newKeeping();
  const cache = createCache({ client, onError: (type, error, { namespace }) => onError(type, error, namespace) });
  const scopes: readonly (string | undefined)[] = namespaces ?? [undefined];
  const scopeOf = (namespace: string): string => (namespaces === undefined ? '' : namespace);
  const manifests = new Map<string, Informer<KubernetesObject>>();
  const children = new Map<string, Informer<KubernetesObject>>();
  const informerKey = (dialect: Dialect, scope: string, kind: string): string =>
    `${apiVersionOf(dialect.resource)}/${dialect.resource.kind}/${scope}/${kind}`;

  for (const dialect of dialects) {
    const label = dialect.profile.labels.cluster;
    for (const scope of scopes) {
      manifests.set(
        informerKey(dialect, scope ?? '', ''),
        cache.informer<KubernetesObject>({
          type: resourceOfDialect(dialect),
          selection: { namespace: scope },
          transform: (object) => kept(dialect.resource.kind, withAppliedNulls(object)),
        }),
      );
      for (const type of Object.values(childKinds)) {
        children.set(
          informerKey(dialect, scope ?? '', type.kind),
          cache.informer<KubernetesObject>({
            type,
            selection: { namespace: scope, labelSelector: selectorOf(dialect) },
            transform: (object) => kept(type.kind, object),
            indexers: { [clusterIndex]: ({ metadata }) => [`${metadata.namespace ?? ''}/${metadata.labels?.[label] ?? ''}`] },
          }),
        );
      }
    }
  }

  const ofScope = (scope: Scope): readonly Informer<KubernetesObject>[] =>
    cache.informers.filter(({ selection }) => selection.namespace === scope);

  return {
    cache,
    namespaces: newNamespaces(new Map(scopes.map((scope) => [scope, ofScope(scope)]))),
    manifest: ({ dialect, namespace, name }) =>
      manifests.get(informerKey(dialect, scopeOf(namespace), ''))?.store.get(keyOf({ namespace, name })),
    manifests: () =>
      dialects.flatMap((dialect) =>
        scopes.flatMap((scope) =>
          (manifests.get(informerKey(dialect, scope ?? '', ''))?.store.list() ?? []).map(({ metadata }) => ({
            dialect,
            namespace: metadata.namespace ?? '',
            name: metadata.name,
          })),
        ),
      ),
    children: ({ dialect, namespace, name }) =>
      Object.fromEntries(
        Object.entries(childKinds).map(([field, type]) => [
          field,
          // Order by name: a decision must not depend on the order of events.
          (
            children.get(informerKey(dialect, scopeOf(namespace), type.kind))?.store.indexed(clusterIndex, `${namespace}/${name}`) ?? []
          ).toSorted((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1)),
        ]),
      ) as unknown as Readonly<Record<ChildKind, readonly KubernetesObject[]>>,
    child: (dialect, kind, namespace, name) =>
      children.get(informerKey(dialect, scopeOf(namespace), kind))?.store.get(keyOf({ namespace, name })),
    onChange: (handler) => {
      for (const dialect of dialects) {
        const label = dialect.profile.labels.cluster;
        const watching =
          (nameOf: (object: KubernetesObject) => string | undefined, kind: string, isManifest: boolean): ChangeHandler<KubernetesObject> =>
          (change, { listed }) => {
            if (change.kind === 'updated' && saysTheSame(change.old, change.object)) return;
            const { object } = change;
            const name = nameOf(object);
            if (name === undefined) return;
            handler(
              { dialect, namespace: object.metadata.namespace ?? '', name },
              { kind, deleted: change.kind === 'deleted', object, urgency: urgencyOf(change, { kind, isManifest, listed }) },
            );
          };
        for (const scope of scopes) {
          manifests
            .get(informerKey(dialect, scope ?? '', ''))
            ?.addHandler(watching((object) => object.metadata.name, dialect.resource.kind, true));
          for (const type of Object.values(childKinds)) {
            children
              .get(informerKey(dialect, scope ?? '', type.kind))
              ?.addHandler(watching((object) => object.metadata.labels?.[label], type.kind, false));
          }
        }
      }
    },
  };
};
