/**
 * Where this machine gets Debian packages from, read from its own apt configuration, so that images are built from the mirror that it is
 * set up for. Formats: sources.list(5), both the one-line and the deb822 style.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** One place of packages: `deb URI SUITE COMPONENT …`. */
export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
  /** The keyring that the source names; empty if it names none and any that apt trusts will do. */
  readonly signedBy: string;
}

/** apt's configuration of one machine: its sources and the release that it runs. */
export interface AptConfiguration {
  readonly sources: readonly AptSource[];
  /** `debian`, `ubuntu`, … */
  readonly distribution: string;
  /** `bookworm` on Debian 12. */
  readonly codename: string;
}

function parseDeb822(text: string): readonly AptSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map<string, string>();
    let last: string | undefined;
    for (const line of stanza.split('\n')) {
      if (line.startsWith('#')) continue;
      const field = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
      if (field !== null) {
        last = field[1]?.toLowerCase();
        if (last !== undefined) fields.set(last, field[2] ?? '');
      } else if (last !== undefined) {
        fields.set(last, `${fields.get(last) ?? ''} ${line.trim()}`.trim());
      }
    }
    const words = (name: string): readonly string[] => (fields.get(name) ?? '').split(/\s+/).filter((word) => word !== '');
    if (fields.get('enabled')?.toLowerCase() === 'no' || !words('types').includes('deb')) return [];
    const common = { components: words('components'), signedBy: fields.get('signed-by') ?? '' };
    return words('uris').flatMap((uri) => words('suites').map((suite) => ({ uri, suite, ...common })));
  });
}

function parseOneLine(text: string): readonly AptSource[] {
  return text.split('\n').flatMap((line) => {
    const [, options, uri, suite, components] = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (uri === undefined || suite === undefined || components === undefined) return [];
    const [, signedBy] = /\bsigned-by=(\S+)/.exec(options ?? '') ?? [];
    return [{ uri, suite, components: components.trim().split(/\s+/), signedBy: signedBy ?? '' }];
  });
}

/** Parses one file of `/etc/apt`; its style follows from its name, as for apt. */
export function parseAptSources(fileName: string, text: string): readonly AptSource[] {
  return fileName.endsWith('.sources') ? parseDeb822(text) : parseOneLine(text);
}

/** Reads a machine's configuration below `root` (`/` in earnest). What is not there counts as empty. */
export async function readAptConfiguration(root: string): Promise<AptConfiguration> {
  const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const folder = join(root, 'etc/apt/sources.list.d');
  const inFolder = (await readdir(folder).catch(() => [])).filter((name) => /\.(list|sources)$/.test(name)).toSorted();
  const paths = [join(root, 'etc/apt/sources.list'), ...inFolder.map((name) => join(folder, name))];
  const sources = await Promise.all(paths.map(async (path) => parseAptSources(path, await read(path))));
  const release = await read(join(root, 'etc/os-release'));
  const field = (name: string): string => new RegExp(`^${name}="?([a-z]+)"?$`, 'm').exec(release)?.[1] ?? '';
  return { sources: sources.flat(), distribution: field('ID'), codename: field('VERSION_CODENAME') };
}

/**
 * The sources of another Debian release on the mirrors of this machine, as the text of a `debian.sources` file; `undefined` if the
 * machine uses no Debian archive. Only the release, its updates and its security fixes count: backports need not have the other release,
 * and the archives of others, told by their own keyring, need not either.
 */
export function debianSources(machine: AptConfiguration, release: string): string | undefined {
  if (machine.distribution !== 'debian') return undefined;
  const carried = new Map([
    [machine.codename, release],
    [`${machine.codename}-updates`, `${release}-updates`],
    [`${machine.codename}-security`, `${release}-security`],
  ]);
  const suitesByUri = new Map<string, string[]>();
  for (const { uri, suite, components, signedBy } of machine.sources) {
    const other = carried.get(suite);
    const isDebian = components.includes('main') && (signedBy === '' || signedBy.includes('debian-archive'));
    if (other === undefined || !isDebian || !/^https?:/.test(uri)) continue;
    const suites = suitesByUri.get(uri) ?? [];
    if (!suites.includes(other)) suites.push(other);
    suitesByUri.set(uri, suites);
  }
  if (![...suitesByUri.values()].some((suites) => suites.includes(release))) return undefined;
  const stanzas = [...suitesByUri].map(
    ([uri, suites]) =>
      `Types: deb\nURIs: ${uri}\nSuites: ${suites.join(' ')}\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n`,
  );
  return stanzas.join('\n');
}
