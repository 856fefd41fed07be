/** Certificates that the owner brings instead of ours. */
import type { SecretProjection } from '@pgherd/api';
import type { OwnCertificate } from '../../model/cluster.ts';
import type { Field } from '../common/fields.ts';
import { embedded } from '../common/fields.ts';

const authorityPath = 'ca.crt';
const usual = ['tls.crt', 'tls.key', authorityPath].map((key) => ({ key, path: key }));

/** The projection's own keys and paths, or without any the usual ones; what it puts at `ca.crt` is the authority. */
export const ownCertificateOf = (field: Field): OwnCertificate | undefined => {
  const projection = embedded<SecretProjection>(field);
  if (projection?.name === undefined) return undefined;
  const items = projection.items ?? usual;
  const authority = items.find(({ path }) => path === authorityPath);
  return {
    files: { ...projection, items: items.filter((item) => item !== authority) },
    authority: authority === undefined ? undefined : { secret: projection.name, key: authority.key },
  };
};
