/** The images that pods are made from. */
import type { EngineConfiguration } from '../../observation.ts';
import type { Field } from './fields.ts';
import { report, textOf } from './fields.ts';

export const nonEmpty = (text: string | undefined): string | undefined =>
  text === undefined || text.trim() === '' ? undefined : text.trim();

/**
 * The manifest's image, at `field`, else the operator's for the version; blocks when there is neither. Version 0 is none, which is told already.
 * `versionPath` is where the manifest names it.
 */
export const postgresImageOf = (
  field: Field,
  majorVersion: number,
  versionPath: string,
  { postgresImages }: EngineConfiguration,
): string | undefined => {
  const images: Readonly<Record<string, string | undefined>> = postgresImages;
  const image = nonEmpty(textOf(field)) ?? nonEmpty(Object.hasOwn(images, majorVersion) ? images[majorVersion] : undefined);
  if (image !== undefined || majorVersion === 0) return image;
  const known = Object.keys(images).join(', ');
  report(field, {
    kind: 'invalid',
    reason: 'MissingRequiredImage',
    message: `no image is known for PostgreSQL ${majorVersion} (the operator has images for ${known === '' ? 'no version' : known}); set ${field.path}, or choose another ${versionPath}`,
    blocking: true,
  });
  return undefined;
};
