import { defineConformance } from './conformance.ts';
import { startApiServer } from './apiServer.ts';
import { loopbackClient } from './loopback.ts';

defineConformance('conformance: the in-process API server', async () => {
  const server = await startApiServer({ garbageCollection: 'stepped' });
  const client = loopbackClient(server.url);
  return {
    client,
    reset: async () => {
      await client.transport[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
});
