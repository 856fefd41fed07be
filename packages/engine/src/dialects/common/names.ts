/** Whether a cluster's name can carry the names that every kind of manifest makes from it. */
import type { Field } from './fields.ts';
import { report, shown } from './fields.ts';

/** Services are named after the cluster, and a Service's name is a label of DNS that begins with a letter (RFC 1035). */
const serviceLabel = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;

/** `field` is `metadata.name`. */
export const checkServiceName = (field: Field, cluster: string): void => {
  if (serviceLabel.test(cluster)) return;
  report(field, {
    kind: 'invalid',
    reason: 'InvalidName',
    message: `no Service can be named after ${shown(cluster)}; make the cluster anew under a name of small letters, digits and dashes that begins with a letter`,
    blocking: true,
  });
};
