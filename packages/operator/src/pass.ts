/** One pass over one cluster: observe, decide, act. */
import { decide, hashOf, type Decision, type EngineConfiguration, type Manifest, type WriteRefusal } from '@pgherd/engine';
import { isRetryable, messageOf, type KubernetesObject, type UnstructuredObject } from '@pgherd/kube';
import { act, type Acting, type Refusal } from './act/act.ts';
import { codeOf } from './failures.ts';
import type { ClusterKey } from './observe/caches.ts';
import { observe, type FactsMemory, type ObserveSources } from './observe/observe.ts';
import { resourceOfDialect } from './observe/caches.ts';

export interface PassSources {
  readonly observing: ObserveSources;
  readonly facts: FactsMemory;
  readonly acting: () => Omit<Acting, 'resource' | 'equalStatus' | 'signal'>;
  readonly engineConfiguration: EngineConfiguration;
  readonly now: () => number;
  readonly record: (decision: Decision) => void;
  /** Lives as long as the leadership: programs outlast the pass that started them. */
  readonly termSignal: AbortSignal;
  readonly remember: (clusterUid: string, refusals: readonly WriteRefusal[]) => void;
}

export interface PassResult {
  /** When to look again though nothing happens, in milliseconds; undefined: at the next full pass. */
  readonly lookAgainAfterMs: number | undefined;
  /** What could not be done; the queue tries again with a growing delay. */
  readonly refusals: readonly Refusal[];
}

const asObserved = ({ what, error }: Refusal): WriteRefusal => ({
  what,
  code: codeOf(error),
  message: messageOf(error),
  retryable: isRetryable(error),
});

/**
 * Runs one pass. Resolves with undefined when there is no such cluster any more.
 *
 * Throws only what nobody foresaw; what the API server refuses is in the result, and everything that does not depend on it was done.
 */
export const pass = async (key: ClusterKey, object: KubernetesObject, signal: AbortSignal, sources: PassSources): Promise<PassResult> => {
  const manifest = object as unknown as Manifest;
  const manifested = key.dialect.read(manifest, sources.engineConfiguration, sources.now());
  const { cluster } = manifested;
  const status = ((object as UnstructuredObject)['status'] ?? {}) as Readonly<Record<string, unknown>>;
  const observation = await observe(key, cluster, status, sources.observing, sources.facts);
  const decision = decide(manifested, key.dialect, observation);
  const acting: Acting = {
    ...sources.acting(),
    resource: resourceOfDialect(key.dialect),
    equalStatus: (wanted) => hashOf(wanted) === hashOf(status),
    signal,
  };
  const refusals = await act(decision, cluster, acting);
  sources.remember(cluster.identity.uid, refusals.map(asObserved));
  sources.observing.programs.start(cluster.identity.uid, decision.readings, decision.commands, sources.termSignal);
  sources.record(decision);
  return { lookAgainAfterMs: decision.lookAgainAfterMs, refusals };
};
