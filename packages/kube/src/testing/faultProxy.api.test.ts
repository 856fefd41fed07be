import { defineFaultProxyBehaviour } from './faultProxyBehaviour.ts';
import { realApiServerConfig } from './realApiServer.ts';

defineFaultProxyBehaviour('fault proxy before kube-apiserver', async () => ({
  config: await realApiServerConfig(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
}));
