/** For tests of the API floor: the API server that PGHERD_TEST_KUBECONFIG names. */
import { ApiError, createClient, createTransport, kinds, kubeconfigConfig, resourceType } from '@pgherd/kube';
import type { Client, KubernetesObject, NewObject, ResourceType } from '@pgherd/kube';
import { customResourceDefinitions } from '../crds.ts';
import type { CustomResourceDefinition } from '../kubernetes/generated.types.ts';

export interface Server extends AsyncDisposable {
  readonly client: Client;
}

/** @throws when PGHERD_TEST_KUBECONFIG is not set: these tests are never skipped. */
export async function server(): Promise<Server> {
  const path = process.env['PGHERD_TEST_KUBECONFIG'];
  if (path === undefined || path === '') {
    throw new Error('PGHERD_TEST_KUBECONFIG is not set: run these tests by "node checks/test.ts api", or name a kubeconfig');
  }
  const transport = createTransport({ config: await kubeconfigConfig({ path, env: process.env }), userAgent: 'pgherd-api-test/0' });
  return { client: createClient(transport), [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose]() };
}

const definitions: ResourceType<CustomResourceDefinition> = resourceType(kinds.customResourceDefinitions);

/** Installs definitions and waits until objects of them can be made; gives the definitions as the server has them. */
export async function installed(
  client: Client,
  wanted: readonly CustomResourceDefinition[] = customResourceDefinitions(),
): Promise<readonly CustomResourceDefinition[]> {
  const established: CustomResourceDefinition[] = [];
  for (const definition of wanted) {
    const first = await client.apply(definitions, definition, { fieldManager: 'pgherd', force: true });
    established.push(isEstablished(first) ? first : await establishedLater(client, first));
  }
  return established;
}

async function establishedLater(client: Client, definition: CustomResourceDefinition): Promise<CustomResourceDefinition> {
  const { name, resourceVersion } = definition.metadata;
  const signal = AbortSignal.timeout(30_000);
  for await (const event of client.watch(definitions, { fieldSelector: `metadata.name=${name}`, resourceVersion, signal })) {
    if ((event.kind === 'added' || event.kind === 'modified') && isEstablished(event.object)) return event.object;
  }
  throw new Error(`${name} is not established`);
}

function isEstablished(definition: CustomResourceDefinition): boolean {
  return definition.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false;
}

export interface Refusal {
  readonly field: string;
  readonly message: string;
}

export interface Refusal {
  readonly field: string;
  readonly message: string;
}

/** What the server has against the object: nothing if it would take it. Stores nothing. */
export async function refusals(client: Client, type: ResourceType, object: NewObject): Promise<readonly Refusal[]> {
  try {
    await created(client, type, object);
    return [];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return (error.details?.causes ?? []).map(({ field, message }) => ({ field: dotted(field ?? ''), message: message ?? '' }));
  }
}

/** A rule's fieldPath to a key of a map comes back as `global.[logfile]` or `global[logfile]`. */
function dotted(field: string): string {
  return field.replaceAll(/\.?\[([A-Za-z_][^\]]*)\]/g, '.$1');
}

/** The object as the server would store it, with its defaults and without what it does not know. Stores nothing. */
export function created(client: Client, type: ResourceType, object: NewObject): Promise<KubernetesObject> {
  return client.create(type, { ...object, metadata: { ...object.metadata, namespace: 'default' } }, { dryRun: true });
}
