/** Whether the names in a manifest can carry the names of everything that is made from them. */
import type { InstanceSet } from '../../model/cluster.ts';
import { profile } from './profile.ts';
import type { Field } from '../common/fields.ts';
import { at, report, shown, textOf } from '../common/fields.ts';
import { checkServiceName } from '../common/names.ts';

const label = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

/** The StatefulSet controller puts the name, a dash and ten characters of a hash into a label, which holds 63. */
const longestStatefulSetName = 52;

/** `metadataName` is the place of the cluster's name; `backups`: there is a repository host. */
export const checkNames = (metadataName: Field, cluster: string, sets: readonly InstanceSet[], backups: boolean): void => {
  const host = profile.names.repositoryHost(cluster);
  if (backups && host.length > longestStatefulSetName) {
    const longest = longestStatefulSetName - (host.length - cluster.length);
    report(metadataName, {
      kind: 'invalid',
      reason: 'NameTooLong',
      message: `cluster ${shown(cluster)} has ${cluster.length} characters, its repository host can be named after ${longest} at most; make the cluster anew under a shorter name, or run it without backups`,
      blocking: true,
    });
  }
  checkServiceName(metadataName, cluster);
  const seen = new Map<string, string>();
  for (const set of sets) {
    const field: Field = { path: `${set.path}.name`, value: set.name, findings: metadataName.findings };
    const first = seen.get(set.name);
    if (first !== undefined) {
      report(field, {
        kind: 'invalid',
        reason: 'DuplicateInstanceSet',
        message: `${first} is named ${shown(set.name)}, too; give each instance set a name of its own`,
        blocking: true,
      });
    }
    seen.set(set.name, set.path);
    if (!label.test(set.name)) {
      report(field, {
        kind: 'invalid',
        reason: 'InvalidName',
        message: `${shown(set.name)} cannot be part of a pod's name; use small letters, digits and dashes`,
        blocking: true,
      });
    }
    const length = cluster.length + set.name.length;
    if (length > profile.maximumNameLength) {
      report(field, {
        kind: 'invalid',
        reason: 'NameTooLong',
        message: `cluster ${shown(cluster)} and instance set ${shown(set.name)} have ${length} characters together, pods can be named after ${profile.maximumNameLength} at most; choose a shorter name for the set, or make the cluster anew under a shorter one`,
        blocking: true,
      });
    }
  }
};

/** A switchover may name the member that shall lead; its name begins with those of the cluster and its set. */
export const checkSwitchoverTarget = (spec: Field, cluster: string, sets: readonly InstanceSet[]): void => {
  const field = at(spec, 'patroni', 'switchover', 'targetInstance');
  const target = textOf(field);
  if (target === undefined || target === '') return;
  if (sets.some((set) => target.startsWith(profile.names.member(cluster, set.name, '')))) return;
  report(field, {
    kind: 'invalid',
    reason: 'UnknownInstance',
    message: `${shown(target)} is in none of the instance sets ${sets.map((set) => set.name).join(', ')}; name a member, such as ${profile.names.member(cluster, sets[0]?.name ?? 'set', 'x2bn')}`,
  });
};
