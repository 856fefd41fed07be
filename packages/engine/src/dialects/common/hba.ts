/** pg_hba.conf. */

/** Quoted for pg_hba.conf: no word in quotes has a special meaning, and a quote is written twice (PostgreSQL 17, hba.c, next_token). */
export const quoteHba = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** PostgreSQL 18. With a word that it does not know it would not load the file at all. */
export const connectionKinds: ReadonlySet<string> = new Set(['local', 'host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc']);

/** A line break would begin a line of its own. */
export const isOneLine = (text: string): boolean => !/[\0\r\n]/.test(text);

/** PostgreSQL 18. */
export const authenticationMethods: ReadonlySet<string> = new Set([
  'bsd',
  'cert',
  'gss',
  'ident',
  'ldap',
  'md5',
  'oauth',
  'pam',
  'password',
  'peer',
  'radius',
  'reject',
  'scram-sha-256',
  'sspi',
  'trust',
]);

const isNumericAddress = (text: string): boolean => /^[\d.]+$/.test(text) || text.includes(':');

/** Addresses of IPv4 are looked at; of the others PostgreSQL itself knows best. */
const isAddress = (text: string): boolean => {
  const [address = '', length, ...rest] = text.split('/');
  if (rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return false;
  if (!/^[\d.]+$/.test(address)) return length === undefined || (address.includes(':') && Number(length) <= 128);
  const octets = address.split('.');
  return octets.length === 4 && octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) <= 255) && Number(length ?? 32) <= 32;
};

/** What is wrong with a whole line as its owner wrote it; undefined: nothing that shows. PostgreSQL takes no file with a line that it cannot read. */
export const lineProblem = (text: string): string | undefined => {
  if (text.trim() === '' || !isOneLine(text)) return 'a rule is one line of text';
  if (/^\s*include/i.test(text)) return 'files cannot be included';
  // A field may be a list with blanks after its commas; what is in quotes is one word.
  const words =
    text
      .trim()
      .replaceAll(/,\s+/g, ',')
      .match(/(?:"[^"]*"|[^\s"])+/g) ?? [];
  // Quotes take the meaning of a word from databases and users alone.
  const plain = (word: string | undefined): string | undefined => word?.replaceAll('"', '');
  const [connection = ''] = words;
  if (connection.startsWith('#')) return undefined;
  if (!connectionKinds.has(connection)) return `${JSON.stringify(connection.slice(0, 60))} is no kind of connection`;
  const address = connection === 'local' ? undefined : plain(words[3]);
  if (address !== undefined && !isAddress(address)) return `${JSON.stringify(address.slice(0, 60))} is no address`;
  // An address may be followed by its mask.
  const hasMask = address !== undefined && isNumericAddress(address) && isNumericAddress(plain(words[4]) ?? '');
  const method = plain(words[(connection === 'local' ? 3 : 4) + (hasMask ? 1 : 0)]);
  if (method === undefined || method.startsWith('#')) return 'a rule ends with how users show who they are, such as scram-sha-256';
  return authenticationMethods.has(method) ? undefined : `${JSON.stringify(method.slice(0, 60))} is no method of authentication`;
};

/**
 * What the cluster itself needs, before everybody else's lines: the engine comes over the socket as the operating system's user, members by
 * certificate, and nobody else as the role that replicates.
 */
export const ownLines = (superuser: string, replication: string): readonly string[] => [
  `local all ${quoteHba(superuser)} peer`,
  `hostssl replication ${quoteHba(replication)} all cert`,
  `hostssl "postgres" ${quoteHba(replication)} all cert`,
  `host all ${quoteHba(replication)} all reject`,
];

/** Everybody by password, over TLS. */
export const everybodyByPassword = 'hostssl all all all scram-sha-256';

/** The same for those who take a base backup or stream: `all` databases are none of them. */
export const replicationByPassword = 'hostssl replication all all scram-sha-256';
