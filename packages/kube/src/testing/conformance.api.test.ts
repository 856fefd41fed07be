/** The conformance suite against a real kube-apiserver. PGHERD_RECORD_GOLDEN=1 writes the golden files from its answers. */
import { createClient } from '../client.ts';
import { createTransport } from '../transport.ts';
import { defineConformance } from './conformance.ts';
import { realApiServerConfig } from './realApiServer.ts';

defineConformance(
  'conformance: kube-apiserver',
  async () => {
    const client = createClient(createTransport({ config: await realApiServerConfig(), userAgent: 'pgherd-test/1' }));
    return { client, reset: async () => client.transport[Symbol.asyncDispose]() };
  },
  { record: process.env['PGHERD_RECORD_GOLDEN'] === '1' },
);
