/** PostgreSQL's version, and the images that bring it. */
import type { EngineConfiguration } from '../../observation.ts';
import type { Field } from './fields.ts';
import { at, integerOf, report, textOf } from './fields.ts';

const nonEmpty = (text: string | undefined): string | undefined => (text === undefined || text.trim() === '' ? undefined : text);

/** Day (UTC) on which the PostgreSQL project ended or will end its support: https://www.postgresql.org/support/versioning/ */
const endOfLife: Readonly<Record<number, string>> = {
  11: '2023-11-09',
  12: '2024-11-21',
  13: '2025-11-13',
  14: '2026-11-12',
  15: '2027-11-11',
  16: '2028-11-09',
  17: '2029-11-08',
  18: '2030-11-14',
};

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
  const end = endOfLife[version];
  if (end !== undefined && nowMs >= Date.parse(end)) {
    report(field, {
      kind: 'warning',
      reason: 'EndOfLifePostgresVersion',
      message: `PostgreSQL ${version} gets no more fixes since ${end}; upgrade to a version that does`,
    });
  }
  return version;
};

/** The manifest's image, else the operator's for the version; blocks when there is neither. */
export const postgresImageOf = (spec: Field, majorVersion: number, configuration: EngineConfiguration): string | undefined => {
  const images: Readonly<Record<string, string | undefined>> = configuration.postgresImages;
  const image = nonEmpty(textOf(at(spec, 'image'))) ?? nonEmpty(Object.hasOwn(images, majorVersion) ? images[majorVersion] : undefined);
  if (image !== undefined || majorVersion < oldest) return image;
  const known = Object.keys(images).join(', ');
  report(at(spec, 'image'), {
    kind: 'invalid',
    reason: 'MissingRequiredImage',
    message: `no image is known for PostgreSQL ${majorVersion} (the operator has images for ${known === '' ? 'no version' : known}); set spec.image, or choose another spec.postgresVersion`,
    blocking: true,
  });
  return undefined;
};

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
