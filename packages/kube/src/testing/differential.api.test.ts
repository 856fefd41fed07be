/**
 * Random sequences of writes by several managers, on the in-process API server and on kube-apiserver at once: after each write both have stored the
 * same, field ownership included, or have refused it with the same words.
 *
 * The seed is fixed, so that a run proves the same every time; PGHERD_SEED tries another.
 */
import { deepStrictEqual } from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as fc from 'fast-check';
import { createClient } from '../client.ts';
import type { Client } from '../client.ts';
import { ApiError, NotFoundError } from '../errors.ts';
import { kinds } from '../kinds.ts';
import { createTransport } from '../transport.ts';
import { startApiServer } from './apiServer.ts';
import type { ApiServer } from './apiServer.ts';
import { comparable } from './conformanceGolden.ts';
import { widgetDefinition, widgetGroup, widgetsIn } from './conformanceWidgets.ts';
import { unstructured, withFields } from './conformanceSubjects.ts';
import { eventually } from './eventually.ts';
import { loopbackClient } from './loopback.ts';
import { realApiServerConfig } from './realApiServer.ts';

const manager = fc.constantFrom('one', 'two', 'three');
const word = fc.constantFrom('a', 'b', 'c', 'd');
const plain = { noNullPrototype: true } as const;
const words = fc.dictionary(word, word, { maxKeys: 3, ...plain });

const metadata = fc.record(
  {
    labels: words,
    annotations: words,
    finalizers: fc.uniqueArray(
      word.map((text) => `test.pgherd.dev/${text}`),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: [], ...plain },
);

const widgetBody = fc.record(
  {
    metadata,
    spec: fc.record(
      {
        size: fc.nat(3),
        storage: fc.oneof(fc.nat(3), fc.constantFrom('1Gi', '1024Mi')),
        tags: fc.uniqueArray(word, { maxLength: 3 }),
        sets: fc.uniqueArray(fc.record({ name: word, replicas: fc.nat(2), image: word }, { requiredKeys: ['name'], ...plain }), {
          selector: ({ name }) => name,
          maxLength: 4,
        }),
        steps: fc.array(word, { maxLength: 2 }),
        parameters: words,
      },
      { requiredKeys: [], ...plain },
    ),
  },
  { requiredKeys: [], ...plain },
);

const container = fc.record(
  {
    name: word,
    image: fc.constant('x:1'),
    env: fc.uniqueArray(fc.record({ name: word, value: word }, { requiredKeys: ['name'], ...plain }), {
      selector: ({ name }) => name,
      maxLength: 3,
    }),
    ports: fc.uniqueArray(
      fc.record(
        { containerPort: fc.integer({ min: 1, max: 3 }), protocol: fc.constantFrom('TCP', 'UDP') },
        { requiredKeys: ['containerPort'], ...plain },
      ),
      {
        selector: ({ containerPort, protocol }) => `${containerPort}${protocol ?? 'TCP'}`,
        maxLength: 3,
      },
    ),
    args: fc.array(word, { maxLength: 2 }),
    resources: fc.record(
      { requests: fc.dictionary(fc.constantFrom('cpu', 'memory'), fc.constantFrom('1', '1000m', '1Gi'), plain) },
      { requiredKeys: [], ...plain },
    ),
    readinessProbe: fc.record(
      { tcpSocket: fc.constant({ port: 1 }), periodSeconds: fc.integer({ min: 1, max: 3 }) },
      { requiredKeys: ['tcpSocket'], ...plain },
    ),
  },
  { requiredKeys: ['name', 'image'], ...plain },
);

const statefulSetBody = fc
  .record(
    {
      metadata,
      replicas: fc.nat(3),
      updateStrategy: fc.constantFrom({ type: 'OnDelete' }, { rollingUpdate: { partition: 1 } }),
      annotations: words,
      containers: fc.uniqueArray(container, { selector: ({ name }) => name, minLength: 1, maxLength: 3 }),
      tolerations: fc.array(fc.record({ key: word, operator: fc.constant('Exists') }, plain), { maxLength: 2 }),
    },
    { requiredKeys: ['containers'], ...plain },
  )
  .map(({ metadata, annotations, containers, tolerations, ...spec }) => ({
    ...(metadata === undefined ? {} : { metadata }),
    spec: {
      serviceName: 's',
      selector: { matchLabels: { app: 'x' } },
      template: {
        metadata: { labels: { app: 'x' }, ...(annotations === undefined ? {} : { annotations }) },
        spec: { containers, ...(tolerations === undefined ? {} : { tolerations }) },
      },
      ...spec,
    },
  }));

const serviceBody = fc.record(
  {
    metadata,
    spec: fc.record(
      {
        type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer'),
        selector: words,
        ports: fc.uniqueArray(
          fc
            .record(
              { port: fc.integer({ min: 1, max: 3 }), targetPort: fc.oneof(fc.constant('pg'), fc.constant(7)) },
              { requiredKeys: ['port'], ...plain },
            )
            .map((port) => ({ ...port, name: `port-${port.port}` })),
          { selector: ({ port }) => port, minLength: 1, maxLength: 3 },
        ),
        publishNotReadyAddresses: fc.boolean(),
        externalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
        sessionAffinity: fc.constantFrom('None', 'ClientIP'),
      },
      { requiredKeys: ['ports'], ...plain },
    ),
  },
  { requiredKeys: ['spec'], ...plain },
);

interface Step {
  readonly verb: 'apply' | 'update' | 'merge';
  readonly manager: string;
  readonly force: boolean;
  readonly body: { readonly metadata?: object; readonly spec?: object };
}

function steps(body: fc.Arbitrary<Step['body']>): fc.Arbitrary<readonly Step[]> {
  const verb = fc.constantFrom<Step['verb']>('apply', 'apply', 'apply', 'update', 'merge');
  return fc.array(fc.record({ verb, manager, force: fc.boolean(), body }), { minLength: 2, maxLength: 8 });
}

describe('differential: the in-process API server and kube-apiserver store the same', () => {
  const namespace = `differential-${Date.now().toString(36)}`;
  const group = widgetGroup(namespace);
  const widgets = widgetsIn(namespace);
  let server: ApiServer;
  let clients: readonly Client[];
  let count = 0;

  before(async () => {
    server = await startApiServer();
    const real = createClient(createTransport({ config: await realApiServerConfig(), userAgent: 'pgherd-test/1' }));
    clients = [loopbackClient(server.url), real];
    for (const client of clients) {
      await client.create(kinds.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      await eventually('the custom resource is served', () =>
        client.apply(kinds.customResourceDefinitions, widgetDefinition(group), { fieldManager: 'conformance' }).then(() =>
          client.list(widgets, { namespace }).then(
            () => true,
            (error: unknown) => (error instanceof NotFoundError ? false : Promise.reject(error as Error)),
          ),
        ),
      );
    }
  });

  after(async () => {
    for (const client of clients ?? []) {
      await client.delete(kinds.namespaces, { name: namespace });
      await client.delete(kinds.customResourceDefinitions, { name: `widgets.${group}` });
      await client.transport[Symbol.asyncDispose]();
    }
    await server[Symbol.asyncDispose]();
  });

  for (const [type, apiVersion, body] of [
    [widgets, `${group}/v1`, widgetBody],
    [kinds.statefulSets, 'apps/v1', statefulSetBody],
    [kinds.services, 'v1', serviceBody],
  ] as const) {
    const resource = unstructured(type);

    async function carryOut(client: Client, name: string, step: Step): Promise<unknown> {
      const object = withFields(
        { apiVersion, kind: type.kind, metadata: { ...step.body.metadata, name, namespace } },
        step.body.spec === undefined ? {} : { spec: step.body.spec },
      );
      const options = { fieldManager: step.manager };
      try {
        if (step.verb === 'apply') return comparable(await client.apply(resource, object, { ...options, force: step.force }), namespace);
        const current = await client.get(resource, { namespace, name });
        if (step.verb === 'update') {
          const { resourceVersion } = current.metadata;
          return comparable(
            await client.update(
              resource,
              { ...object, metadata: { ...object.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) } },
              options,
            ),
            namespace,
          );
        }
        return comparable(await client.patch(resource, { namespace, name }, { kind: 'merge', body: step.body }, options), namespace);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        // The real server lists the managers in the order of a Go map.
        const causes = (error.details?.causes ?? []).map((cause) => `${cause.message}: ${cause.field}`);
        return [error.httpStatus, error.reason, causes.toSorted()];
      }
    }

    test(`${type.kind}: whatever several managers apply, update and patch`, { timeout: 120_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(steps(body), async (sequence) => {
          count += 1;
          const name = `object-${count}`;
          for (const step of sequence) {
            const outcomes = [];
            for (const client of clients) outcomes.push(await carryOut(client, name, step));
            // Validation is not the in-process server's business; from here on the two differ.
            if (Array.isArray(outcomes[1]) && outcomes[1][0] === 422) return;
            deepStrictEqual(outcomes[0], outcomes[1]);
          }
        }),
        { seed: Number(process.env['PGHERD_SEED'] ?? 20_260_102), numRuns: 60 },
      );
    });
  }
});
