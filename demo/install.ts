/** pgherd for all namespaces, as an administrator installs it: deploy/overlays/all-namespaces with an image that this Kubernetes has. */
import { resolve } from 'node:path';
import type { Kubectl } from './kubectl.ts';
import { withOverlay } from './overlay.ts';

const operatorOverlay = resolve(import.meta.dirname, '../deploy/overlays/all-namespaces');
const rolloutLimitSeconds = 180;

/** Where the overlay puts its Deployment. */
export const installed = { namespace: 'pgherd', name: 'pgherd' } as const;

const splitImage = (reference: string): { readonly newName: string; readonly newTag: string } => {
  const colon = reference.lastIndexOf(':');
  return { newName: reference.slice(0, colon), newTag: reference.slice(colon + 1) };
};

/**
 * Installs the operator, or brings what is installed to this image, and waits until its pods are ready.
 *
 * @param image Registry, path and tag. By content, so that a changed operator is another image and the Deployment rolls.
 * @throws KubectlError
 */
export const installOperator = async (kubectl: Kubectl, image: string): Promise<void> => {
  const additions = { images: [{ name: 'localhost/pgherd-operator', ...splitImage(image) }] };
  const manifests = await withOverlay(operatorOverlay, additions, async (folder) => kubectl.run(['kustomize', folder]));
  await kubectl.run(['apply', '--server-side', '--force-conflicts', '-f', '-'], manifests);
  const { namespace, name } = installed;
  await kubectl.run(['-n', namespace, 'rollout', 'status', `deployment/${name}`, `--timeout=${rolloutLimitSeconds}s`]);
};
