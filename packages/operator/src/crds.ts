/**
 * The custom resource definitions at start. Helm installs CRDs but never upgrades them, so the operator can bring its own: `apply`. With `check`
 * it only says, before anything else fails less clearly, that one is missing or older than this build. An operator without the right to read
 * definitions, which are cluster-wide, goes on; what that costs should one be deleted, it says at once, with `off` too.
 */
import {
  firstDifference,
  ForbiddenError,
  kinds,
  NotFoundError,
  pathOf,
  resourceType,
  type Client,
  type KubernetesObject,
} from '@pgherd/kube';
import type { CustomResourceDefinition } from '@pgherd/api';
import type { Logger } from 'pino';
import { definitionNames } from './access.ts';
import { describeFailure } from './failures.ts';
import { definitionRevisions } from './generatedRevisions.ts';

/** Hash of the definition's spec, so that an equal one is neither read nor written again and an older one is noticed. */
const revisionAnnotation = 'pgherd.dev/revision';

/** A definition is not installed, and this operator was told not to install it. */
export class CrdMissingError extends Error {
  readonly code = 'CrdMissing';
  readonly retryable = false;

  constructor(name: string) {
    super(`CustomResourceDefinition ${name} is not installed: install it (charts/pgherd/crds), or start the operator with --crds=apply`);
    this.name = 'CrdMissingError';
  }
}

interface InstalledDefinition extends KubernetesObject {
  readonly spec?: object;
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[] };
}

const definitionType = resourceType<InstalledDefinition>(kinds.customResourceDefinitions);
/** Names are accepted and storage is ready well within this on a healthy API server. */
const establishedWithinMs = 30_000;
const pollMs = 100;

/** The operator was told to install definitions and may not. */
export class CrdForbiddenError extends Error {
  readonly code = 'CrdForbidden';
  readonly retryable = false;

  constructor(cause: ForbiddenError) {
    super(`${cause.message}: grant it (deploy/components/apply-crds), or install the definitions otherwise and start with --crds=off`, {
      cause,
    });
    this.name = 'CrdForbiddenError';
  }
}

const unreadable =
  'this account may not read custom resource definitions: they are not checked, and should one be deleted, that looks like the deletion of each of ' +
  'its clusters, which takes their volumes along; to keep the volumes, grant it: component deploy/components/read-crds, in the chart readCrds: true';

/** Asks for what is needed on the day that somebody deletes a definition. Nothing else depends on the answer. */
const warnIfUnreadable = async (client: Client, log: Logger, signal: AbortSignal): Promise<void> => {
  try {
    for (const { name } of definitionNames()) await definitionMetadata(client, name, signal);
  } catch (error) {
    const { said } = describeFailure(error);
    if (error instanceof ForbiddenError) log.warn(said, unreadable);
    else log.debug(said, 'custom resource definitions could not be read; going on');
  }
};

/** Brings the definitions to what `mode` asks for; with `apply` it returns once the API server serves them. */
export const ensureCrds = async (client: Client, mode: 'apply' | 'check' | 'off', log: Logger, signal: AbortSignal): Promise<void> => {
  if (mode === 'off') return warnIfUnreadable(client, log, signal);
  try {
    const stale: string[] = [];
    for (const { name, plural } of definitionNames())
      if ((await installedRevision(client, name, signal)) !== definitionRevisions[plural]) stale.push(name);
    if (stale.length === 0) return;
    // Only now: the schemas take memory, and are needed at no other time.
    const { customResourceDefinitions } = await import('@pgherd/api/crds');
    for (const definition of customResourceDefinitions())
      if (stale.includes(definition.metadata?.name ?? '')) await ensureCrd(client, definition, mode, log, signal);
  } catch (error) {
    if (!(error instanceof ForbiddenError)) throw error;
    if (mode === 'apply') throw new CrdForbiddenError(error);
    log.warn(describeFailure(error).said, unreadable);
  }
};

/**
 * Whether somebody deletes the definition of a kind, and thereby every object of it; undefined where this account may not know. Read anew each
 * time: an answer from before the deletion would cost what hangs on it.
 */
export const isDefinitionDeleting = async (
  client: Client,
  { group, plural }: { readonly group: string; readonly plural: string },
  signal: AbortSignal,
): Promise<boolean | undefined> => {
  try {
    const found = await definitionMetadata(client, `${plural}.${group}`, signal);
    return found === undefined ? undefined : found.deletionTimestamp !== undefined;
  } catch (error) {
    if (error instanceof ForbiddenError) return undefined;
    throw error;
  }
};

const unlessMissing = async <T>(found: Promise<T>): Promise<T | undefined> =>
  found.catch((error: unknown) => {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  });

/** A definition's metadata, read without the definition itself, which is large. */
const definitionMetadata = async (client: Client, name: string, signal: AbortSignal): Promise<KubernetesObject['metadata'] | undefined> => {
  const answer = await unlessMissing(
    client.raw({
      method: 'GET',
      path: pathOf(definitionType, { name }),
      accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      verb: 'get',
      signal,
    }),
  );
  if (answer === undefined) return undefined;
  return (JSON.parse(answer.body.toString()) as KubernetesObject).metadata;
};

/** The revision that the definition carries. */
const installedRevision = async (client: Client, name: string, signal: AbortSignal): Promise<string | undefined> =>
  (await definitionMetadata(client, name, signal))?.annotations?.[revisionAnnotation];

const ensureCrd = async (
  client: Client,
  definition: CustomResourceDefinition,
  mode: 'apply' | 'check',
  log: Logger,
  signal: AbortSignal,
): Promise<void> => {
  const name = definition.metadata?.name ?? '';
  if (mode === 'check') {
    const installed = await unlessMissing(client.get(definitionType, { name }, { signal }));
    if (installed === undefined) throw new CrdMissingError(name);
    // Installed from a file it carries no revision: then it counts what it says.
    const path = firstDifference(definition.spec, installed.spec ?? {});
    if (path === undefined) return;
    log.warn(
      { definition: name, path },
      'the installed definition is not the one of this build: fields may be unknown to the API server; start once with --crds=apply',
    );
    return;
  }
  const revision = definitionRevisions[definition.spec.names.plural] ?? '';
  const stamped = {
    ...definition,
    metadata: { ...definition.metadata, name, annotations: { ...definition.metadata?.annotations, [revisionAnnotation]: revision } },
  };
  await established(client, await client.apply(definitionType, stamped, { fieldManager: 'pgherd', force: true, signal }), signal);
  log.info({ definition: name, revision }, 'installed the definition');
};

const established = async (client: Client, applied: InstalledDefinition, signal: AbortSignal): Promise<void> => {
  const { name } = applied.metadata;
  const deadline = performance.now() + establishedWithinMs;
  for (let { status } = applied; ; { status } = await client.get(definitionType, { name }, { signal })) {
    if (status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') === true) return;
    if (performance.now() > deadline) {
      const said =
        status?.conditions?.map(({ type, status: value, message }) => `${type}=${value} ${message ?? ''}`).join('; ') ?? 'nothing';
      throw new Error(`CustomResourceDefinition ${name} is not served after ${establishedWithinMs / 1000} s; the API server says: ${said}`);
    }
    await new Promise<void>((resolve) => {
      setTimeout(resolve, pollMs);
    });
  }
};
