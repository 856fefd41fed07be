/** Places to live in: in an API server of one's own in this process, or in a namespace of a real one. */
import { customResourceDefinitions } from '@pgherd/api/crds';
import { createClient, createTransport, kinds, type Client, type ClusterConfig } from '@pgherd/kube';
import { loopbackClient, loopbackConfig, startApiServer, type ApiServerState } from '@pgherd/kube/testing';
import { pino } from 'pino';
import { ensureCrds } from '../crds.ts';
import type { Place } from './lives.ts';

/** A place that can be left as it is, and taken up again. */
export interface PlaceInProcess extends Place {
  readonly state: () => ApiServerState;
}

/** `from`: as another place was left; empty by default. */
export const placeInProcess = async (from?: ApiServerState): Promise<PlaceInProcess> => {
  const namespace = 'team';
  const server = await startApiServer({ from, namespaces: [namespace], customResourceDefinitions: customResourceDefinitions() });
  const client = loopbackClient(server.url);
  return {
    config: loopbackConfig(server.url),
    client,
    namespace,
    collectsGarbage: false,
    repeatsUids: true,
    state: server.state,
    [Symbol.asyncDispose]: async () => {
      await client.transport[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
};

/** Namespaces of an API server behind which no controller runs. The definitions are installed with the first. */
export const placesIn = (config: ClusterConfig): (() => Promise<Place>) => {
  let installed: Promise<void> | undefined;
  const install = async (client: Client): Promise<void> =>
    ensureCrds(client, 'apply', pino({ level: 'silent' }), new AbortController().signal);
  return async () => {
    const client = createClient(createTransport({ config, userAgent: 'pgherd-test/1' }));
    await (installed ??= install(client));
    const made = await client.create(kinds.namespaces, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { generateName: 'convergence-' },
    });
    const namespace = made.metadata.name;
    return {
      config,
      client,
      namespace,
      collectsGarbage: true,
      repeatsUids: false,
      [Symbol.asyncDispose]: async () => {
        await client.delete(kinds.namespaces, { name: namespace });
        await client.transport[Symbol.asyncDispose]();
      },
    };
  };
};
