/** The files by which PostgreSQL shows who it is and knows whom to trust: as a server, and below `replication/` as a client of its primary. */
import type { SecretProjection } from '@pgherd/api';
import type { Cluster, OwnCertificate, SecretKey } from '../model/cluster.ts';
import { serverCertificateKeys } from './certificateKeys.ts';

const { certificate, privateKey, authorities } = serverCertificateKeys;

const projected = (secret: string, directory: string, keys: readonly string[]): SecretProjection => ({
  name: secret,
  items: keys.map((key) => ({ key, path: directory + key })),
});

/**
 * One of the two, ours or the owner's. Whom to trust stands in a Secret of ours, as long as there is one: `other` is the one of the other
 * certificate. Without it the owner brought both, and their authorities.
 */
const sources = (
  own: OwnCertificate | undefined,
  ours: string,
  other: string | undefined,
  directory: string,
): readonly SecretProjection[] => {
  if (own === undefined) return [projected(ours, directory, [certificate, privateKey, authorities])];
  const { files, authority } = own;
  const shown = { ...files, items: files.items.map((file) => ({ ...file, path: directory + file.path })) };
  if (other !== undefined) return [shown, projected(other, directory, [authorities])];
  if (authority === undefined) return [shown];
  const trusted = { key: authority.key, path: directory + authorities };
  return authority.secret === files.name
    ? [{ ...shown, items: [...shown.items, trusted] }]
    : [shown, { name: authority.secret, items: [trusted] }];
};

/** Sources of one projected volume. */
export const certificateSources = ({ profile: { names }, identity: { name }, certificates }: Cluster): readonly SecretProjection[] => {
  const { server, replication } = certificates;
  const [ourServer, ourReplication] = [names.serverCertificate(name), names.replicationCertificate(name)];
  return [
    ...sources(server, ourServer, replication === undefined ? ourReplication : undefined, ''),
    ...sources(replication, ourReplication, server === undefined ? ourServer : undefined, 'replication/'),
  ];
};

/** What has to be in Secrets that the owner brings, so that a member can start and trust whom it should. */
export const ownCertificateKeys = ({ certificates: { server, replication } }: Cluster): readonly SecretKey[] =>
  [server, replication].flatMap((own): readonly SecretKey[] =>
    own === undefined || own.files.optional === true
      ? []
      : [
          ...own.files.items.map(({ key }) => ({ secret: own.files.name ?? '', key })),
          ...(own.authority === undefined ? [] : [own.authority]),
        ],
  );
