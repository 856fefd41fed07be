/** The owner's own server certificate. */
import type { SecretProjection } from '@pgherd/api';
import type { Field } from '../common/fields.ts';
import { at, isPresent, textOf } from '../common/fields.ts';

/** Under the names that the server is told; undefined: the cluster makes one of its own. */
export const serverCertificateOf = (field: Field): SecretProjection | undefined => {
  const name = textOf(at(field, 'secretName'));
  if (!isPresent(field) || name === undefined || name === '') return undefined;
  const file = (place: string, usual: string): string => {
    const given = textOf(at(field, place));
    return given === undefined || given === '' ? usual : given;
  };
  return {
    name,
    items: [
      { key: file('certificateFile', 'tls.crt'), path: 'tls.crt' },
      { key: file('privateKeyFile', 'tls.key'), path: 'tls.key' },
      { key: file('caFile', 'ca.crt'), path: 'ca.crt' },
    ],
  };
};
