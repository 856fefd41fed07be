/** `spec.clone` and `spec.standby`: where the data of a new cluster comes from. */
import { boolean, object, required, string } from '../schema/builders.ts';

/** RFC 3339 with an offset in numbers: Z is none. */
const timestampPattern =
  '^([0-9]+)-(0[1-9]|1[012])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)(\\.[0-9]+)?([+-]([01][0-9]|2[0-3]):[0-5][0-9])$';

export const clone = object(
  'Start with the data of another cluster, or of the cluster that had this name before.',
  {
    cluster: required(string('Name of that cluster. Empty: nothing is cloned.')),
    uid: string('metadata.uid of that cluster, which its archive is filed under.', { format: 'uuid' }),
    timestamp: string(
      'State to recover from the archive: 2026-01-31T12:00:00+00:00, with the offset in numbers. Absent: a copy of the cluster as it runs.',
      { pattern: timestampPattern },
    ),
    s3_wal_path: string('Archive in S3, where it is not at the place that follows from cluster and uid.'),
    s3_endpoint: string('URL of the S3 service.'),
    s3_access_key_id: string('Access key for S3.'),
    s3_secret_access_key: string('Secret key for S3. Whoever may read this object can read it.'),
    s3_force_path_style: boolean('Whether the bucket is part of the path rather than of the host name.', { assumed: 'false' }),
  },
  {
    rules: [
      {
        rule: "has(self.timestamp) || self.cluster == '' || (size(self.cluster) <= 63 && self.cluster.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$'))",
        message: 'without a timestamp the cluster is copied through its Service: give the name of a cluster that can have one',
        fieldPath: '.cluster',
      },
    ],
  },
);

export const standby = object(
  'Run as a read-only copy of another cluster, from its archive, its server, or both.',
  {
    s3_wal_path: string('Archive in S3 to read from.'),
    gs_wal_path: string('Archive in Google Cloud Storage to read from.'),
    standby_host: string('Host name of the server to stream from.'),
    standby_port: string('Port of that server.'),
    standby_primary_slot_name: string('Replication slot on that server.'),
  },
  {
    rules: [
      {
        rule: 'has(self.s3_wal_path) || has(self.gs_wal_path) || has(self.standby_host)',
        message: 'a standby needs a source: s3_wal_path, gs_wal_path or standby_host',
        reason: 'FieldValueRequired',
      },
      {
        rule: '!has(self.s3_wal_path) || !has(self.gs_wal_path)',
        message: 'give one of s3_wal_path and gs_wal_path, not both',
      },
    ],
  },
);
