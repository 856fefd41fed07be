/** The owner's own server certificate. */
import type { OwnCertificate } from '../../model/cluster.ts';
import type { Field } from '../common/fields.ts';
import { at, report, shown, textOf } from '../common/fields.ts';
import { profile } from './profile.ts';

/** Where the original mounts an authority of its own Secret. */
const authorityMount = '/tlsca';

const given = (field: Field): string | undefined => {
  const text = textOf(field)?.trim();
  return text === '' ? undefined : text;
};

/** The key that a file is told by: its name, or its path below where the original mounts the Secret. Undefined, and reported: none. */
const keyOf = (field: Field, name: string, mount: string): string | undefined => {
  const key = name.startsWith(`${mount}/`) ? name.slice(mount.length + 1) : name;
  if (/^[-._a-zA-Z0-9]+$/.test(key) && !/^\.\.?$/.test(key)) return key;
  report(field, {
    kind: 'invalid',
    reason: 'InvalidCertificate',
    message: `${shown(name)} is no key of a Secret, and without the file the server would show another certificate or trust nobody, so nothing is made or changed; name the Secret's key`,
    blocking: true,
  });
  return undefined;
};

/** Undefined: the cluster makes a certificate of its own. */
export const serverCertificateOf = (field: Field): OwnCertificate | undefined => {
  const name = given(at(field, 'secretName'));
  if (name === undefined) return undefined;
  const item = (place: string, path: string) => {
    const file = at(field, place);
    const key = keyOf(file, given(file) ?? path, profile.paths.certificates);
    return key === undefined ? [] : [{ key, path }];
  };
  const authorityFile = at(field, 'caFile');
  const authorityName = given(authorityFile);
  const otherSecret = given(at(field, 'caSecretName'));
  if (authorityName === undefined && otherSecret !== undefined) {
    report(at(field, 'caSecretName'), {
      kind: 'warning',
      reason: 'AuthorityNotNamed',
      message: `Secret ${otherSecret} is not looked at, since nothing says which of its keys holds the authority; name it in spec.tls.caFile`,
    });
  }
  const mount = otherSecret === undefined ? profile.paths.certificates : authorityMount;
  const authorityKey = authorityName === undefined ? undefined : keyOf(authorityFile, authorityName, mount);
  return {
    files: { name, items: [...item('certificateFile', 'tls.crt'), ...item('privateKeyFile', 'tls.key')] },
    authority: authorityKey === undefined ? undefined : { secret: otherSecret ?? name, key: authorityKey },
  };
};
