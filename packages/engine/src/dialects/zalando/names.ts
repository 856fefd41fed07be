/** Whether the cluster's name can carry the names of everything that is made from it. */
import type { Field } from '../common/fields.ts';
import { report, shown } from '../common/fields.ts';
import { checkServiceName } from '../common/names.ts';
import { profile } from './profile.ts';

/** `field` is `metadata.name`. */
export const checkName = (field: Field, cluster: string): void => {
  checkServiceName(field, cluster);
  if (cluster.length > profile.maximumNameLength) {
    report(field, {
      kind: 'invalid',
      reason: 'NameTooLong',
      message: `cluster ${shown(cluster)} has ${cluster.length} characters, pods can be named after ${profile.maximumNameLength} at most; make the cluster anew under a shorter name`,
      blocking: true,
    });
  }
};
