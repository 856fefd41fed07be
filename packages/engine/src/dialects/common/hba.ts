/** pg_hba.conf. */

/** Quoted for pg_hba.conf: no word in quotes has a special meaning, and a quote is written twice (PostgreSQL 17, hba.c, next_token). */
export const quoteHba = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** PostgreSQL 18. With a word that it does not know it would not load the file at all. */
export const connectionKinds: ReadonlySet<string> = new Set(['local', 'host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc']);

/** A line break would begin a line of its own. */
export const isOneLine = (text: string): boolean => !/[\0\r\n]/.test(text);

/** What is wrong with a whole line as its owner wrote it; undefined: nothing that shows. */
export const lineProblem = (text: string): string | undefined => {
  if (text.trim() === '' || !isOneLine(text)) return 'a rule is one line of text';
  if (/^\s*include/i.test(text)) return 'files cannot be included';
  const [connection = ''] = text.trim().split(/\s+/);
  return connection.startsWith('#') || connectionKinds.has(connection)
    ? undefined
    : `${JSON.stringify(connection.slice(0, 60))} is no kind of connection`;
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
