/** The conformance suite against a real kube-apiserver. PGHERD_RECORD_GOLDEN=1 writes the golden files from its answers. */
import { createClient } from '../client.ts';
import { kubeconfigConfig } from '../kubeconfig.ts';
import { createTransport } from '../transport.ts';
import { defineConformance } from './conformance.ts';

defineConformance(
  'conformance: kube-apiserver',
  async () => {
    const path = process.env['PGHERD_TEST_KUBECONFIG'];
    if (path === undefined)
      throw new Error('PGHERD_TEST_KUBECONFIG is not set: it names the kubeconfig of a kube-apiserver that tests may use');
    const client = createClient(
      createTransport({ config: await kubeconfigConfig({ path, env: process.env }), userAgent: 'pgherd-test/1' }),
    );
    return { client, reset: async () => client.transport[Symbol.asyncDispose]() };
  },
  { record: process.env['PGHERD_RECORD_GOLDEN'] === '1' },
);
