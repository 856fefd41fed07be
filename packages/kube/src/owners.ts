/** Owner references, finalizers and label selectors. */
import type { Patch } from './client.ts';
import type { KubernetesObject, OwnerReference } from './objects.ts';

/**
 * A reference to the owner. With `controller` it is the one that manages the object; `blockOwnerDeletion` then makes foreground deletion of the owner
 * wait for the object.
 *
 * @throws TypeError if the owner has no uid, that is if it was not read from the server.
 */
export function ownerReferenceTo(owner: KubernetesObject, role: 'controller' | 'owner' = 'controller'): OwnerReference {
  const { uid, name } = owner.metadata;
  if (uid === undefined) throw new TypeError(`${owner.kind} ${name} has no uid`);
  const reference = { apiVersion: owner.apiVersion, kind: owner.kind, name, uid };
  return role === 'controller' ? { ...reference, controller: true, blockOwnerDeletion: true } : reference;
}

export function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

export function isControlledBy(object: KubernetesObject, owner: KubernetesObject): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid;
}

/** A patch that adds the finalizer, unless the object changed since it was read; undefined if it is there. */
export function addFinalizerPatch(object: KubernetesObject, finalizer: string): Patch | undefined {
  const finalizers = object.metadata.finalizers ?? [];
  return finalizers.includes(finalizer) ? undefined : finalizersPatch(object, [...finalizers, finalizer]);
}

/** A patch that removes the finalizer, unless the object changed since it was read; undefined if it is not there. */
export function removeFinalizerPatch(object: KubernetesObject, finalizer: string): Patch | undefined {
  const finalizers = object.metadata.finalizers ?? [];
  return finalizers.includes(finalizer)
    ? finalizersPatch(
        object,
        finalizers.filter((each) => each !== finalizer),
      )
    : undefined;
}

function finalizersPatch(object: KubernetesObject, finalizers: readonly string[]): Patch {
  const { uid, resourceVersion } = object.metadata;
  return { kind: 'merge', body: { metadata: { uid, resourceVersion, finalizers } } };
}

/** `a=b,c=d` for labels that all must be there. */
export function labelSelectorOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}
