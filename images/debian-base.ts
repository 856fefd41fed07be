/**
 * `debian:trixie-slim` made on this machine, for where no image registry can be reached: the same packages from the same archive as the
 * published image, put together by mmdebstrap from the mirror that this machine's apt uses. A Dockerfile's `FROM` then finds it in the
 * local store, and elsewhere pulls the published one.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../local/src/command.ts';
import { debianSources, readAptConfiguration } from './apt-sources.ts';

/** The name in the Dockerfiles' `FROM`, and the Debian release behind it. */
export const baseReference = 'docker.io/library/debian:trixie-slim';
const release = 'trixie';

/** As in the published slim image: no documentation but licences, no translations but the table of locale names, which localedef reads. */
const leftOut = [
  'path-exclude=/usr/share/doc/*',
  'path-include=/usr/share/doc/*/copyright',
  'path-exclude=/usr/share/man/*',
  'path-exclude=/usr/share/info/*',
  'path-exclude=/usr/share/locale/*',
  'path-include=/usr/share/locale/locale.alias',
];

/** apt's settings that decide whether an archive is accepted and reached; the rest is this machine's own business. */
const aptSettingsThatMatter = /^Acquire::(Check-Valid-Until|Check-Date|Retries|https?::Proxy|https?::Timeout) /i;

/** What this machine would make the base of. */
export interface BaseRecipe {
  /** The text of `/etc/apt/sources.list.d/debian.sources`. */
  readonly sources: string;
  /** Lines of apt.conf. */
  readonly aptSettings: readonly string[];
  /** Differs when anything that goes into the base differs. */
  readonly hash: string;
}

/** The recipe that this machine's apt configuration allows; `undefined` where it uses no Debian archive: the base is then pulled. */
export async function baseRecipe(): Promise<BaseRecipe | undefined> {
  const sources = debianSources(await readAptConfiguration('/'), release);
  if (sources === undefined) return undefined;
  const dump = await run(['apt-config', 'dump', 'Acquire']);
  const aptSettings = dump.split('\n').filter((line) => aptSettingsThatMatter.test(line) && !line.endsWith(' "";'));
  const hash = createHash('sha256')
    .update(JSON.stringify([release, sources, aptSettings, leftOut]))
    .digest('hex')
    .slice(0, 16);
  return { sources, aptSettings, hash };
}

/** Makes the root file system of the base as a tar file. Takes a quarter of a minute and 80 MB. */
export async function bootstrapBase(recipe: BaseRecipe, output: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'pgherd-base-'));
  try {
    const sources = join(folder, 'debian.sources');
    await writeFile(sources, recipe.sources);
    // mmdebstrap names the file of sources in its own way, and leaves this machine's name and resolver behind.
    const likeThePublishedImage =
      'mv "$1"/etc/apt/sources.list.d/*.sources "$1"/etc/apt/sources.list.d/debian.sources && rm -f "$1"/etc/resolv.conf "$1"/etc/hostname';
    await run([
      'mmdebstrap',
      '--variant=minbase',
      '--quiet',
      // The sources name their keyring, so gpg is not needed to find it.
      '--skip=check/signed-by',
      ...(recipe.sources.includes('https:') ? ['--include=ca-certificates'] : []),
      ...recipe.aptSettings.map((setting) => `--aptopt=${setting.replace(/;$/, '')}`),
      ...leftOut.map((rule) => `--dpkgopt=${rule}`),
      `--customize-hook=${likeThePublishedImage}`,
      release,
      output,
      sources,
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
}
