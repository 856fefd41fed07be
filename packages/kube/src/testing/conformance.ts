/**
 * One suite for the in-process API server and the real one, so that the first cannot lie: `apiServer.test.ts` runs it here,
 * `conformance.api.test.ts` against a real kube-apiserver.
 */
import { after, before, describe } from 'node:test';
import type { Client } from '../client.ts';
import { NotFoundError } from '../errors.ts';
import { kinds } from '../kinds.ts';
import { defineConcurrencyConformance } from './conformanceConcurrency.ts';
import { defineDeletionConformance } from './conformanceDeletion.ts';
import { defineKindConformance } from './conformanceKinds.ts';
import { widgetDefinition, widgetGroup, widgetsIn } from './conformanceWidgets.ts';
import { defineOwnershipConformance } from './conformanceOwnership.ts';
import { defineReadConformance } from './conformanceReads.ts';
import { eventually } from './eventually.ts';

export interface ConformanceServer {
  readonly client: Client;
  /** A namespace of this run alone. */
  readonly namespace: string;
}

export interface ConformanceConnection {
  readonly client: Client;
  /** Called at the end, after the suite has asked for the deletion of what it made. */
  readonly reset: () => Promise<void>;
}

export interface ConformanceOptions {
  /** Writes the golden files from what this server answers. Only ever for the real one. */
  readonly record?: boolean;
}

/** Defines the suite. `connect` is called once, before its first test. */
export function defineConformance(name: string, connect: () => Promise<ConformanceConnection>, options: ConformanceOptions = {}): void {
  describe(name, () => {
    let connection: ConformanceConnection | undefined;
    const namespace = `conformance-${Date.now().toString(36)}`;
    const server = (): ConformanceServer => {
      if (connection === undefined) throw new Error('the suite has not connected');
      return { client: connection.client, namespace };
    };

    before(async () => {
      connection = await connect();
      const { client } = connection;
      await client.create(kinds.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      for (const account of ['default', 'hippo-instance']) {
        await client.create(kinds.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace } });
      }
      await client.apply(kinds.customResourceDefinitions, widgetDefinition(widgetGroup(namespace)), { fieldManager: 'conformance' });
      await eventually('the custom resource is served', () =>
        client.list(widgetsIn(namespace), { namespace }).then(
          () => true,
          (error: unknown) => (error instanceof NotFoundError ? false : Promise.reject(error as Error)),
        ),
      );
    });

    after(async () => {
      if (connection === undefined) return;
      const { client, reset } = connection;
      await client.delete(kinds.namespaces, { name: namespace });
      await client.delete(kinds.customResourceDefinitions, { name: `widgets.${widgetGroup(namespace)}` });
      await reset();
    });

    defineKindConformance(namespace, server, options.record === true);
    defineConcurrencyConformance(server);
    defineOwnershipConformance(server);
    defineDeletionConformance(server);
    defineReadConformance(server);
  });
}
