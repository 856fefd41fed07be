/** Logical backups: a CronJob that dumps all databases. */
import { boolean, string } from '../schema/builders.ts';

export const logicalBackups = {
  enableLogicalBackup: boolean('Whether all databases are dumped regularly.', { assumed: 'false' }),
  logicalBackupSchedule: string('When, as five fields of cron. Lists and ranges of values (1,15 and 1-5) are not taken.', {
    pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$',
    assumed: "the operator's",
  }),
  logicalBackupRetention: string('How long dumps in S3 are kept: 3 months.', { assumed: "the operator's" }),
};
