import { startApiServer } from './apiServer.ts';
import { defineFaultProxyBehaviour } from './faultProxyBehaviour.ts';
import { loopbackConfig } from './loopback.ts';

defineFaultProxyBehaviour('fault proxy before the in-process API server', async () => {
  const server = await startApiServer();
  return { config: loopbackConfig(server.url), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
});
