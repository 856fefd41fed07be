/** A namespace for one test, and what one needs to see when the test fails. */
import type { TestContext } from 'node:test';
import { kinds, NotFoundError } from '@pgherd/kube';
import type { Environment } from './environment.ts';
import { eventually } from './eventually.ts';
import { clusterKinds } from './kinds.ts';

const goneLimitMs = 90_000;
const logLines = 25;

const section = async (title: string, read: () => Promise<string>): Promise<string> => {
  const text = await read().catch((error: unknown) => String(error));
  return `---- ${title}\n${text.trimEnd()}\n`;
};

/** The cluster as kubectl shows it, events, ends of logs. Secrets are not among it. */
const diagnosis = async ({ kubectl, operator }: Environment, namespace: string): Promise<string> => {
  const ask =
    (...argv: readonly string[]) =>
    (): Promise<string> =>
      kubectl.run(['-n', namespace, ...argv]);
  const pods = (await ask('get', 'pods', '-o', 'name')().catch(() => '')).split('\n').filter((name) => name !== '');
  const sections = [
    await section('objects', ask('get', 'postgrescluster,postgresql,statefulset,pod,job,pvc,endpoints', '-o', 'wide')),
    await section(
      'status',
      ask('get', 'postgrescluster,postgresql', '-o', 'jsonpath={range .items[*]}{.metadata.name}: {.status}{"\\n"}{end}'),
    ),
    await section('events', ask('get', 'events', '--sort-by=.lastTimestamp')),
  ];
  for (const pod of pods) {
    sections.push(await section(`log of ${pod}`, ask('logs', pod, '--all-containers', '--prefix', `--tail=${logLines}`)));
  }
  sections.push(await section('log of the operator', () => operator.logTail()));
  return sections.join('');
};

const removeNamespace = async (environment: Environment, namespace: string): Promise<void> => {
  const { client, operator } = environment;
  // Its clusters go by the operator's hand: it holds a finalizer on them.
  await operator.start();
  for (const { resource } of clusterKinds) {
    const { items } = await client.list(resource, { namespace });
    await Promise.all(items.map(({ metadata: { name } }) => client.delete(resource, { namespace, name })));
  }
  await client.delete(kinds.namespaces, { name: namespace });
  await eventually(`namespace ${namespace} going away`, goneLimitMs, async () => {
    try {
      await client.get(kinds.namespaces, { name: namespace });
    } catch (error) {
      if (error instanceof NotFoundError) return;
      throw error;
    }
    const left = await Promise.all(clusterKinds.map(async ({ resource }) => client.list(resource, { namespace })));
    throw new Error(`it is still there, with ${left.flatMap(({ items }) => items).length} clusters`);
  });
};

/** One step of a scenario, shown as a subtest. Steps build upon each other: after one that fails, no other is run. */
export type Step = (name: string, work: () => Promise<void>) => Promise<void>;

/** Runs `use` with a namespace of its own, which goes away with everything in it. When it fails, prints the state that it left. */
export const inNamespace = async (environment: Environment, topic: string, use: (namespace: string) => Promise<void>): Promise<void> => {
  const namespace = `${topic}-${Date.now().toString(36)}`;
  await environment.client.create(kinds.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  try {
    await use(namespace);
  } catch (error) {
    console.error(`\n==== state of ${namespace} after the failure: ${error instanceof Error ? error.message : String(error)}`);
    console.error(await diagnosis(environment, namespace));
    throw error;
  } finally {
    await removeNamespace(environment, namespace);
  }
};

/** A namespace for a test whose steps are shown as its subtests. */
export const withNamespace = async (
  environment: Environment,
  t: TestContext,
  topic: string,
  use: (namespace: string, step: Step) => Promise<void>,
): Promise<void> => {
  const step: Step = async (name, work) => {
    // A subtest that fails does not reject: the runner reports it, and goes on.
    let failure: unknown;
    await t.test(name, async () => {
      try {
        await work();
      } catch (error) {
        failure = error;
        throw error;
      }
    });
    if (failure !== undefined) throw new Error(`step failed: ${name}`, { cause: failure });
  };
  await inNamespace(environment, topic, (namespace) => use(namespace, step));
};
