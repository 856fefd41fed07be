/** PostgreSQL's version, and the images that bring it. */
import type { EngineConfiguration } from '../../observation.ts';
import type { Field } from '../common/fields.ts';
import { at, integerOf, report, textOf } from '../common/fields.ts';
import { nonEmpty, postgresImageOf } from '../common/images.ts';
import { checkEndOfLife } from '../common/versions.ts';

const oldest = 11;

/** The major version; blocks when there is none. */
export const majorVersionOf = (field: Field, nowMs: number): number => {
  const version = integerOf(field);
  if (version === undefined || version < oldest) {
    report(field, {
      kind: 'invalid',
      reason: 'InvalidPostgresVersion',
      message: `the manifest must name a major version of PostgreSQL, ${oldest} or later; write for example 17`,
      blocking: true,
    });
    return version ?? 0;
  }
  checkEndOfLife(field, version, nowMs);
  return version;
};

/** A version that blocks needs no image. */
export const imageOf = (spec: Field, majorVersion: number, configuration: EngineConfiguration): string | undefined =>
  postgresImageOf(at(spec, 'image'), majorVersion < oldest ? 0 : majorVersion, 'spec.postgresVersion', configuration);

/** `field` is `backups.pgbackrest`. */
export const backupImageOf = (field: Field, operatorImage: string | undefined): string | undefined => {
  const image = nonEmpty(textOf(at(field, 'image'))) ?? nonEmpty(operatorImage);
  if (image !== undefined) return image;
  report(at(field, 'image'), {
    kind: 'invalid',
    reason: 'MissingRequiredImage',
    message: 'no image is known for pgBackRest; set it here, or configure one for the operator',
    blocking: true,
  });
  return undefined;
};
