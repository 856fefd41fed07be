/**
 * The operator as one running thing: caches, queue, passes, election and endpoints, wired together. Everything that it owns ends with its
 * signal or its disposal.
 */
import { dialects, parseReading, secretPlansFor, type EngineConfiguration, type WriteRefusal } from '@pgherd/engine';
import {
  compareResourceVersions,
  createClient,
  createController,
  createEventRecorder,
  createTransport,
  exec,
  kinds,
  messageOf,
  resourceType,
  SilenceError,
  leadWhenElected,
  unlessAborted,
  systemClock,
  type Client,
  type ClusterConfig,
  type KubernetesObject,
  ForbiddenError,
} from '@pgherd/kube';
import type { Logger } from 'pino';
import { newIssuers, newLeaf, newRoot } from './act/certificates.ts';
import { newRecentWrites, recentMs, writeKey } from './act/objects.ts';
import { newPassword, newVerifier } from './act/passwords.ts';
import { readSecret } from './act/secrets.ts';
import type { Configuration } from './configuration.ts';
import { ensureCrds, isDefinitionDeleting } from './crds.ts';
import { describeFailure, IncompletePassError, worstLevel } from './failures.ts';
import { newCaches, type Caches, type ClusterKey } from './observe/caches.ts';
import { newClosedNodes, type ClosedNodes } from './observe/closedNodes.ts';
import { readConfigMap } from './observe/configMaps.ts';
import { newFactsMemory } from './observe/observe.ts';
import { newForeignSecrets } from './observe/foreignSecrets.ts';
import { dataOf, newFingerprint, type StoredSecret } from './observe/secretFacts.ts';
import { pass } from './pass.ts';
import { newPrograms, type RunProgram } from './programs.ts';
import { newMetrics } from './serve/metrics.ts';
import { serve } from './serve/server.ts';
import { collectThoroughly, newTidying } from './tidying.ts';

export const version = '0.1.0';

/** A full pass over everything catches what no event told. */
const fullPassMs = 30 * 60 * 1000;
/** How long a manifest that is older than our own last write to it is waited for. */
const staleManifestMs = 30_000;
/** Spread of full passes, so that a thousand clusters do not come at once. */
const fullPassJitter = 0.1;

/**
 * Of many clusters that come at once, each gets its first pod before any gets the rest: what nobody waits for yields, for some seconds, to what
 * somebody asked for.
 */
const yielding = { toHigh: 2, forMs: 5_000, atOnce: 2 } as const;

const namespaceRefused =
  'this namespace cannot be read, so its clusters are left alone until it can: give the operator its Role there (docs/install.md), or take the namespace out of --namespaces if it is gone; trying again';

const nodesRefused =
  'nodes may not be watched, so a primary leaves a node that is to be emptied only when its pod is stopped (docs/install.md)';

interface PodPlace {
  readonly spec?: { readonly nodeName?: string };
}

export interface OperatorSources {
  readonly configuration: Configuration;
  readonly clusterConfig: ClusterConfig;
  readonly log: Logger;
  /** Runs programs in containers. Default: exec by the API server. */
  readonly runProgram?: RunProgram | undefined;
}

const runByExec =
  (client: Client): RunProgram =>
  async ({ namespace, pod, container }, command, input, timeoutMs, signal) => {
    const { exitCode, stdout, stderr } = await exec(client.transport, {
      namespace,
      pod,
      container,
      command,
      stdin: input,
      deadlineMs: timeoutMs,
      signal,
    });
    return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  };

const engineConfigurationOf = (configuration: Configuration): EngineConfiguration => ({
  postgresImages: configuration.postgresImages,
  backupImage: configuration.backupImage,
  clusterDomain: configuration.clusterDomain,
  openshift: configuration.openshift,
  maintenanceWindows: configuration.maintenanceWindows,
});

const keyText = ({ dialect, namespace, name }: ClusterKey): string => `${dialect.profile.name}/${namespace}/${name}`;

const keyFrom = (text: string): ClusterKey => {
  const [profile = '', namespace = '', name = ''] = text.split('/');
  const dialect = dialects.find((candidate) => candidate.profile.name === profile);
  if (dialect === undefined) throw new Error(`no dialect ${profile}`);
  return { dialect, namespace, name };
};

/**
 * Runs until the signal aborts, or rejects when something that it cannot do without fails (the API server refuses, the port is taken, the
 * lease is lost): then the process ends and is started again from what is in the cluster.
 */
export const runOperator = async (
  { configuration, clusterConfig, log, runProgram }: OperatorSources,
  signal: AbortSignal,
): Promise<void> => {
  const metrics = newMetrics();
  const newTransport = () =>
    createTransport({
      config: clusterConfig,
      userAgent: `pgherd/${version}`,
      onRequest: ({ verb, code, host, durationMs }) => metrics.requested(verb, code, host, durationMs),
    });
  await using transport = newTransport();
  // An election of its own connection: a flood of writes must not cost the leadership.
  await using leaseTransport = newTransport();
  const client = createClient(transport);

  let state = 'starting';
  let ready = false;
  await using _served = await serve(configuration.listen, {
    healthy: () => undefined,
    ready: () => (ready ? undefined : state),
    metrics: async () => ({ contentType: metrics.registry.contentType, text: await metrics.registry.metrics() }),
  });

  state = 'checking custom resource definitions';
  await ensureCrds(client, configuration.crds, log, signal);

  const caches = newCaches(client, dialects, configuration.namespaces, (type, error, namespace) => {
    const fields = { kind: type.kind, ...describeFailure(error).said, ...(namespace === undefined ? {} : { namespace }) };
    const failure = caches.namespaces.failed(namespace, type.kind, error);
    // What a pod that does not become ready waits for.
    if (!(error instanceof SilenceError)) state = `filling caches; ${messageOf(error)}`;
    // A kind of which there has been no event yet gets no bookmarks either (k8s.io/apiserver 0.34, cacher.go): silence is routine there.
    if (error instanceof SilenceError) log.debug(fields, 'watch was silent; connecting again');
    else if (failure === 'known') log.debug(fields, 'still refused');
    else if (failure === 'refused' && namespace !== undefined) log.warn(fields, namespaceRefused);
    else log.warn(fields, 'watch was interrupted; going on');
  });
  const closedNodes = newClosedNodes(client, (error) => {
    if (error instanceof ForbiddenError) log.info(nodesRefused);
    else if (!(error instanceof SilenceError))
      log.warn({ kind: 'Node', ...describeFailure(error).said }, 'watch was interrupted; going on');
  });
  const running = Promise.all([caches.cache.run(signal), closedNodes.run(signal)]);
  state = 'filling caches';
  caches.namespaces.onComplete((namespace) => log.debug({ namespace: namespace ?? 'all' }, 'everything there is known'));
  await unlessAborted(caches.namespaces.ready, signal);
  log.info({ clusters: caches.manifests().length, notRead: caches.namespaces.refused() }, 'caches are filled');
  // A standby is ready too: it can take over at once.
  ready = true;

  const lead = async (term: AbortSignal): Promise<void> =>
    workOn({ client, caches, closedNodes, configuration, metrics, log, runProgram: runProgram ?? runByExec(client) }, term);
  const { leaderElection } = configuration;
  if (leaderElection === undefined) await lead(signal);
  else {
    const { namespace, name, identity } = leaderElection;
    metrics.leading(name, false);
    await leadWhenElected(
      {
        client: createClient(leaseTransport),
        namespace,
        name,
        identity,
        onLeader: (leader) => {
          metrics.leading(name, leader === identity);
          log.info({ leader, identity }, leader === identity ? 'leading' : 'not leading');
        },
        onError: (error) => log.warn(describeFailure(error).said, 'the lease could not be renewed or taken; trying again'),
      },
      signal,
      lead,
    );
  }
  await running;
};

/** A cluster has some thirty objects; when something is in the way of all of them, a few say what it is. */
const failuresInOneLine = 3;

const logFailedPass = (log: Logger, cluster: string, error: Error): void => {
  if (!(error instanceof IncompletePassError)) {
    const { level, said } = describeFailure(error);
    log[level]({ cluster, ...said }, 'a pass failed; trying again');
    return;
  }
  const failures = error.refusals.map(({ what, error: refusal }) => ({ what, ...describeFailure(refusal) }));
  const level = worstLevel(failures);
  // The worst first; the rest of them mostly has the same cause.
  const told = failures.toSorted((one, other) => Number(other.level === level) - Number(one.level === level)).slice(0, failuresInOneLine);
  log[level](
    { cluster, failures: told.map(({ what, said }) => ({ what, ...said })), further: failures.length - told.length },
    'some writes did not go through; trying again',
  );
};

interface Work {
  readonly client: Client;
  readonly caches: Caches;
  readonly closedNodes: ClosedNodes;
  readonly configuration: Configuration;
  readonly metrics: ReturnType<typeof newMetrics>;
  readonly log: Logger;
  readonly runProgram: RunProgram;
}

/** Works on all clusters until the term ends. */
const workOn = async ({ client, caches, closedNodes, configuration, metrics, log, runProgram }: Work, term: AbortSignal): Promise<void> => {
  const engineConfiguration = engineConfigurationOf(configuration);
  const recent = newRecentWrites(() => systemClock.elapsed());
  const facts = newFactsMemory();
  const issuerOf = newIssuers();
  const refusals = new Map<string, readonly WriteRefusal[]>();
  /** By key: the version of our own last write to the manifest. */
  const manifestVersions = new Map<string, { readonly version: string; readonly atMs: number }>();
  const uids = new Map<string, string>();
  await using recorder = createEventRecorder({
    client,
    component: 'pgherd',
    instance: configuration.leaderElection?.identity ?? 'pgherd',
    onDropped: (reason, event) => log.warn({ reason, event: event.reason }, 'an event was not written'),
  });
  const secretType = resourceType<KubernetesObject & StoredSecret>(kinds.secrets);
  const foreignSecrets = newForeignSecrets({
    fetch: async (namespace, name) => client.get(secretType, { namespace, name }, { signal: term }),
    elapsed: () => systemClock.elapsed(),
    rememberedMs: recentMs,
  });

  const programs = newPrograms({
    run: runProgram,
    readSecret: async (namespace, name) => readSecret(client, namespace, name, term),
    readConfigMap: async (namespace, name) => readConfigMap(client, namespace, name, term),
    parse: (parser, output) => parseReading(parser, output, fingerprint),
    now: () => systemClock.now(),
    ended: (uid) => {
      const key = uids.get(uid);
      if (key !== undefined) controller.queue.add(key);
    },
  });
  const fingerprint = newFingerprint();

  const forget = (key: string): void => {
    manifestVersions.delete(key);
    for (const [uid, known] of uids) {
      if (known !== key) continue;
      uids.delete(uid);
      programs.forget(uid);
      refusals.delete(uid);
    }
  };

  using tidying = newTidying(systemClock, collectThoroughly);
  const controller = createController({
    name: 'cluster',
    maxConcurrent: configuration.workers,
    yielding,
    observer: {
      depth: (ready) => metrics.queueDepth('cluster', ready),
      added: () => metrics.queueAdded('cluster'),
      retried: () => metrics.queueRetried('cluster'),
      taken: (readyForMs) => metrics.queueWaited('cluster', readyForMs),
      done: (workedForMs) => metrics.queueWorked('cluster', workedForMs),
    },
    onPass: ({ key, outcome, durationMs, error }) => {
      tidying.worked();
      metrics.reconciled('cluster', outcome, durationMs);
      if (error !== undefined) logFailedPass(log, key, error);
    },
    reconcile: async (text, signal) => {
      const key = keyFrom(text);
      // It comes back when the rest of its namespace is known.
      if (!caches.namespaces.isComplete(key.namespace)) return undefined;
      const object = caches.manifest(key);
      if (object === undefined) {
        forget(text);
        return undefined;
      }
      const written = manifestVersions.get(text);
      const waitedMs = written === undefined ? staleManifestMs : systemClock.elapsed() - written.atMs;
      const isOlder = written !== undefined && compareResourceVersions(object.metadata.resourceVersion ?? '', written.version) < 0;
      // Our own last write has not come back yet: its event brings the key back. Not for ever: after a restore of etcd it never comes.
      if (isOlder && waitedMs < staleManifestMs) return { requeueAfterMs: staleManifestMs - waitedMs, priority: 'low' };
      const uid = object.metadata.uid ?? '';
      uids.set(uid, text);
      const result = await pass(key, object, signal, {
        observing: {
          caches,
          programs,
          configuration: engineConfiguration,
          now: () => systemClock.now(),
          fingerprint,
          plansOf: (cluster, children) => secretPlansFor(cluster, children, engineConfiguration),
          readForeign: foreignSecrets.read,
          isDefinitionDeleting: async ({ resource }) => isDefinitionDeleting(client, resource, signal),
          refusals: (clusterUid) => refusals.get(clusterUid) ?? [],
          closedNodes: closedNodes.names,
        },
        facts,
        acting: () => {
          const live = foreignSecrets.fromNow(key.namespace);
          return {
            client,
            recent,
            cached: (kind, namespace, name) => caches.child(key.dialect, kind, namespace, name),
            wrote: metrics.wrote,
            secretChanged: live.changed,
            manifestWritten: (version) => manifestVersions.set(text, { version, atMs: systemClock.elapsed() }),
            secretSources: {
              nowMs: systemClock.now(),
              newPassword,
              newVerifier,
              newRoot: async (commonName, validityMs, nowMs) => newRoot(commonName, validityMs, nowMs),
              newLeaf: async (request, root, nowMs) => newLeaf(request, root, nowMs, issuerOf),
              readSecret: async (name) => {
                const secret = await live.read(name);
                return secret === undefined ? undefined : dataOf(secret);
              },
            },
          };
        },
        engineConfiguration,
        now: () => systemClock.now(),
        record: (decision) => {
          for (const event of decision.events) recorder.record(object, event);
        },
        termSignal: term,
        remember: (clusterUid, found) => {
          if (found.length === 0) refusals.delete(clusterUid);
          else refusals.set(clusterUid, found);
        },
      });
      if (result.refusals.length > 0) throw new IncompletePassError(result.refusals);
      const full = fullPassMs * (1 + fullPassJitter * (Math.random() * 2 - 1));
      return { requeueAfterMs: Math.min(result.lookAgainAfterMs ?? full, full), priority: 'low' };
    },
  });

  caches.onChange((key, { kind, deleted, object, urgency }) => {
    if (deleted) {
      recent.forget(writeKey(kind, key.namespace, object.metadata.name));
      facts.forget(object.metadata.uid ?? '');
    }
    controller.queue.add(keyText(key), urgency);
  });
  closedNodes.onClosed((node) => {
    const runsThere = (key: ClusterKey): boolean =>
      caches.children(key).pods.some((pod) => (pod as KubernetesObject & PodPlace).spec?.nodeName === node);
    for (const key of caches.manifests()) if (runsThere(key)) controller.queue.add(keyText(key));
  });
  caches.namespaces.onComplete((namespace) => {
    const clusters = caches.manifests().filter((key) => namespace === undefined || key.namespace === namespace);
    log.info({ namespace: namespace ?? 'all', clusters: clusters.length }, 'can be read now');
    for (const key of clusters) controller.queue.add(keyText(key), 'low');
  });
  await controller.run(term);
};
