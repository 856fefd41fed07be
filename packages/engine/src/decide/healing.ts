/**
 * Replaces pods that only wait for the kubelet to try again. Its delays double up to five minutes and hang on the pod, so a new pod is tried at
 * once.
 *
 * | the pod                                                      | decision                            |
 * |--------------------------------------------------------------|-------------------------------------|
 * | leads, and its database was killed and waits to start again  | delete it                           |
 * | leads, or its database runs                                  | nothing: a sidecar is not worth it  |
 * | waits for an image that another pod of the cluster runs      | delete it: the image is there       |
 * | waits for an image for `patienceMs` or longer                | delete it                           |
 * | crashed often and waits for `patienceMs` or longer           | delete it                           |
 * | waits less long                                              | look again when it has              |
 * | has the only data, and its claim was deleted                 | nothing: they end with the pod      |
 * | bears the labels of members that share a StatefulSet, and is none of ours | nothing                |
 * | anything else                                                | nothing                             |
 *
 * A pod made from an older template is the roll-out's business, which needs no patience: a corrected image of a sidecar arrives that way, too,
 * where the database runs.
 */
import type { Pod } from '@pgherd/api';
import { stamps } from '../stamps.ts';
import type { Contribution } from './contribution.ts';
import { isDeleting, isReady, troubleOf } from './pods.ts';
import { deletionOf } from './references.ts';
import { isIrreplaceable } from './rollOut.ts';
import type { Situation } from './situation.ts';

/** How long a pod may wait for the kubelet, in milliseconds: half of the kubelet's longest delay. */
export const patienceMs = 150_000;

/**
 * A database that ran for so long and was ended by a signal had no trouble of its own. One that ends sooner is left to the kubelet's delays: replaced
 * pods have none, and would start for ever.
 */
const soundAfterMs = 5_000;

/** Its database does not run, and the other containers have nothing to end in order; while they end, clients wait. */
const killedGraceSeconds = 1;

/** From the fourth restart on the kubelet waits 80 s and more; before that, waiting is quicker than a new pod. */
const restartsBeforeReplacement = 4;

const runningImages = (pods: readonly Pod[]): ReadonlySet<string> =>
  new Set(
    pods
      .filter((pod) => isReady(pod))
      .flatMap((pod) => [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])])
      .flatMap(({ image }) => image ?? []),
  );

const runsContainer = (pod: Pod, container: string): boolean =>
  pod.status?.containerStatuses?.some(({ name, state }) => name === container && state?.running !== undefined) === true;

/** The database ended by a signal (exit codes above 128) after it had run well, and the kubelet lets it wait before it starts it again. */
const waitsAfterKill = (pod: Pod, container: string): boolean => {
  const status = pod.status?.containerStatuses?.find(({ name }) => name === container);
  const ended = status?.lastState?.terminated;
  if (status?.state?.waiting?.reason !== 'CrashLoopBackOff' || ended === undefined || ended.exitCode <= 128) return false;
  return Date.parse(ended.finishedAt ?? '') - Date.parse(ended.startedAt ?? '') >= soundAfterMs;
};

export const heal = (situation: Situation): Contribution => {
  const { cluster, members, observation, primary } = situation;
  const { database } = cluster.profile.containers;
  const { pods } = observation.children;
  const images = runningImages(pods);
  const leader = primary?.podObject;
  const mayEnd = (pod: Pod): boolean => {
    const member = members.find(({ podObject }) => podObject === pod);
    if (member !== undefined) return !isIrreplaceable(situation, member);
    return cluster.profile.workloads === 'own' || pod.metadata.annotations?.[stamps.rendering] !== undefined;
  };
  if (leader !== undefined && !isDeleting(leader) && mayEnd(leader) && waitsAfterKill(leader, database)) {
    const reason = `the database of ${leader.metadata.name} was killed and waits for its restart: a new pod starts at once`;
    const deletion = { ...deletionOf(leader, cluster.identity.namespace, reason), gracePeriodSeconds: killedGraceSeconds };
    return { step: { kind: 'deletePod', deletion, reason } };
  }
  let lookAgainAfterMs: number | undefined;
  for (const pod of pods) {
    const trouble = troubleOf(pod);
    if (trouble === undefined || isDeleting(pod) || pod.metadata.name === primary?.pod || runsContainer(pod, database) || !mayEnd(pod))
      continue;
    const waited = observation.nowMs - trouble.sinceMs;
    let reason: string | undefined;
    if (trouble.kind === 'image') {
      if (images.has(trouble.image))
        reason = `image ${trouble.image} is there by now, and pod ${pod.metadata.name} still waits to try it again`;
      else if (waited >= patienceMs) reason = `pod ${pod.metadata.name} waited long for image ${trouble.image}: a new one tries at once`;
    } else if (trouble.kind === 'crashing' && trouble.restarts >= restartsBeforeReplacement) {
      if (waited >= patienceMs)
        reason = `container ${trouble.container} of pod ${pod.metadata.name} waited long for its restart: a new pod tries at once`;
    } else {
      continue;
    }
    if (reason !== undefined) {
      return { step: { kind: 'deletePod', deletion: deletionOf(pod, cluster.identity.namespace, reason), reason } };
    }
    lookAgainAfterMs = Math.min(lookAgainAfterMs ?? Number.POSITIVE_INFINITY, patienceMs - waited);
  }
  return { lookAgainAfterMs };
};
