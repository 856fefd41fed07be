/** Whether the cluster's name can carry the names of everything that is made from it. */
import type { Field } from '../common/fields.ts';
import { report, shown } from '../common/fields.ts';
import { profile } from './profile.ts';

/** Services are named after the cluster, and a Service's name is a label of DNS that begins with a letter (RFC 1035). */
const serviceLabel = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;

/** `field` is `metadata.name`. */
export const checkName = (field: Field, cluster: string): void => {
  if (!serviceLabel.test(cluster)) {
    report(field, {
      kind: 'invalid',
      reason: 'InvalidName',
      message: `no Service can be named after ${shown(cluster)}; make the cluster anew under a name of small letters, digits and dashes that begins with a letter`,
      blocking: true,
    });
  }
  if (cluster.length > profile.maximumNameLength) {
    report(field, {
      kind: 'invalid',
      reason: 'NameTooLong',
      message: `cluster ${shown(cluster)} has ${cluster.length} characters, pods can be named after ${profile.maximumNameLength} at most; make the cluster anew under a shorter name`,
      blocking: true,
    });
  }
};
