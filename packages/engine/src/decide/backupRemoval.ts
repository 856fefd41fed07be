/**
 * Backups that the manifest asks for no longer. A repository is the last thing to lose, so the section alone takes nothing away.
 *
 * | the manifest                                  | left of earlier backups | decision                                                      |
 * |-----------------------------------------------|-------------------------|---------------------------------------------------------------|
 * | asks for none                                 | nothing                 | nothing                                                       |
 * | asks for none, without the annotation         | something               | the cluster is left as it is: Progressing False, Paused       |
 * | asks for none, with the annotation "true"     | something, and pods that still use it | wait for the roll-out                           |
 * | asks for none, with the annotation "true"     | something               | delete the repository host, its volumes and configuration      |
 * | asks for other repositories                   | a repository's volume   | delete that volume                                            |
 */
import type { Deletion } from '../decision.ts';
import type { Member } from '../model/members.ts';
import type { Contribution } from './contribution.ts';
import { isDeleting } from './pods.ts';
import { deletionOf } from './references.ts';
import type { Situation } from './situation.ts';

const isHost = ({ cluster }: Situation, name: string): boolean => name === cluster.profile.names.repositoryHost(cluster.identity.name);

/** Something is left of backups that the manifest no longer asks for, and nobody allowed it to go. */
export const removalIsUnconfirmed = (situation: Situation): boolean => {
  const { cluster, observation } = situation;
  if (cluster.backups !== undefined) return false;
  if (cluster.identity.annotations[cluster.profile.requests.authorizeBackupRemoval] === 'true') return false;
  return (
    observation.children.statefulSets.some(({ metadata }) => isHost(situation, metadata.name)) ||
    observation.children.persistentVolumeClaims.some(
      (claim) => !isDeleting(claim) && claim.metadata.labels?.[cluster.profile.labels.backupRepository] !== undefined,
    )
  );
};

/** Its pod, or the next one that its StatefulSet makes, mounts the configuration of the backups. */
const mountsBackups = ({ cluster }: Situation, { podObject, statefulSet }: Member): boolean => {
  const server = cluster.profile.containers.backupServer;
  return [podObject?.spec, statefulSet?.spec?.template.spec].some((spec) => spec?.containers.some(({ name }) => name === server) === true);
};

/** Everything of the backups but their volumes, by its name. */
const remainders = ({ cluster, observation }: Situation, reason: string): readonly Deletion[] => {
  const { names, labels } = cluster.profile;
  const { name, namespace, uid } = cluster.identity;
  const { children } = observation;
  const stale = new Set([
    names.repositoryHost(name),
    names.backupConfiguration(name),
    names.backupAccess(name),
    names.repositoryHostAccess(name),
  ]);
  const objects = [
    ...children.statefulSets,
    ...children.configMaps,
    ...children.roleBindings,
    ...children.roles,
    ...children.serviceAccounts,
  ].filter(({ metadata }) => stale.has(metadata.name));
  const jobs = [...children.jobs, ...children.cronJobs].filter(({ metadata }) => metadata.labels?.[labels.backup] !== undefined);
  const secrets = children.secrets
    .filter((secret) => secret.name === names.backupSecret(name) && !secret.deleting && secret.ownerUids.includes(uid))
    .map((secret) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { ...secret } }));
  return [...[...objects, ...jobs].filter((object) => !isDeleting(object)), ...secrets].map((object) =>
    deletionOf(object, namespace, reason),
  );
};

export const removeBackups = (situation: Situation): Contribution => {
  const { cluster, observation, findings } = situation;
  const { labels, fields } = cluster.profile;
  const { namespace } = cluster.identity;
  // A repository may only seem to be gone because the manifest describes it in words that we do not carry out yet.
  const isUnclear = findings.some(({ kind, path }) => kind === 'unsupported' && path.startsWith(fields?.backups ?? ''));
  if (isUnclear) return {};
  const wanted = new Set(cluster.backups?.repositories.map(({ name }) => name));
  const volumes = observation.children.persistentVolumeClaims.filter((claim) => {
    const repository = claim.metadata.labels?.[labels.backupRepository];
    return repository !== undefined && !wanted.has(repository) && !isDeleting(claim);
  });
  const reason = 'the manifest asks for this repository no longer';
  // A pod that has to be started again needs the configuration that it mounts.
  if (cluster.backups === undefined && situation.members.some((member) => mountsBackups(situation, member))) return {};
  const deletions = volumes.map((claim) => deletionOf(claim, namespace, reason, 'unchanged'));
  return { deletions: cluster.backups === undefined ? [...remainders(situation, reason), ...deletions] : deletions };
};
