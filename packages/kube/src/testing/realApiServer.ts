/** The kube-apiserver that tests of the API floor run against. */
import { kubeconfigConfig } from '../kubeconfig.ts';
import type { ClusterConfig } from '../kubeconfig.ts';

/** @throws {Error} if `PGHERD_TEST_KUBECONFIG` is not set: a test that needs a real API server fails without one, it is not skipped. */
export async function realApiServerConfig(): Promise<ClusterConfig> {
  const path = process.env['PGHERD_TEST_KUBECONFIG'];
  if (path === undefined || path === '') {
    throw new Error('PGHERD_TEST_KUBECONFIG is not set: it names the kubeconfig of a kube-apiserver that tests may use');
  }
  return kubeconfigConfig({ path, env: process.env });
}
