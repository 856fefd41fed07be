/** PostgreSQL's version, and the images that bring it. */
import type { EngineConfiguration } from '../../observation.ts';
import type { Field } from '../common/fields.ts';
import { at, integerOf, report, textOf } from '../common/fields.ts';
import { checkEndOfLife } from '../common/versions.ts';

const nonEmpty = (text: string | undefined): string | undefined => (text === undefined || text.trim() === '' ? undefined : text);

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
