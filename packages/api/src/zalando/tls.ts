/** `spec.tls`: certificates of the user's own. */
import { object, required, string } from '../schema/builders.ts';

export const tls = object('Certificate of the server, in place of one that the operator makes.', {
  secretName: required(string('Secret with the certificate and its key. Empty: none.')),
  certificateFile: string('Key of the certificate in the Secret, or its path below `/tls`.', { assumed: 'tls.crt' }),
  privateKeyFile: string('Key of the private key in the Secret, or its path below `/tls`.', { assumed: 'tls.key' }),
  caFile: string(
    'Key of the certificate authority in its Secret, or its path below `/tls`, in another Secret below `/tlsca`. Without it nobody verifies the server for the replicas.',
  ),
  caSecretName: string('Secret with the certificate authority.', { assumed: 'secretName' }),
});
