/**
 * Enforces the dependency arrows of ARCHITECTURE.md:
 *
 *     api ← engine ← operator, cli, web        kube ← operator, cli, web
 *
 * and three rules that hang on them: the engine does no I/O (it imports nothing of Node and no library), a package imports only what its
 * package.json names, and no code outside `engine/src/dialects` and `api` names a dialect, its API group or its label prefix.
 */
import { readFileSync, globSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What each package may import of ours. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  '@pgherd/kube': [],
  '@pgherd/api': [],
  '@pgherd/engine': ['@pgherd/api'],
  '@pgherd/operator': ['@pgherd/api', '@pgherd/engine', '@pgherd/kube'],
  '@pgherd/cli': ['@pgherd/api', '@pgherd/engine', '@pgherd/kube'],
  '@pgherd/web': ['@pgherd/api', '@pgherd/engine', '@pgherd/kube'],
};

const dialectWords = /crunchy|postgres-operator\.|zalando|zalan\.do|spilo|\bacid\b/i;

/** Module names that a source text imports or exports from, dynamic imports included. */
export const importsOf = (source: string): readonly string[] =>
  [
    ...source.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3] ?? '');

/** Name of the package behind a bare import: `@scope/name/sub` → `@scope/name`. */
const packageOf = (specifier: string): string => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

/** Every breach of the layers in the checkout at `root`, one line each. */
export const breachesIn = (root: string): readonly string[] => {
  const breaches: string[] = [];
  for (const manifestPath of globSync('packages/*/package.json', { cwd: root })) {
    const folder = dirname(manifestPath);
    const manifest = JSON.parse(readFileSync(join(root, manifestPath), 'utf8')) as {
      name: string;
      dependencies?: Record<string, string>;
      devDependencies?: Record<string, string>;
    };
    const mayImport = allowed[manifest.name];
    if (mayImport === undefined) {
      breaches.push(`${manifestPath}: ${manifest.name} has no place in the layers; give it one in checks/layers.ts`);
      continue;
    }
    for (const file of globSync(`${folder}/src/**/*.ts`, { cwd: root })) {
      const source = readFileSync(join(root, file), 'utf8');
      const isTest = /\.test\.ts$|\/testing\//.test(file);
      for (const specifier of importsOf(source)) {
        if (specifier.startsWith('.')) {
          const target = relative(root, resolve(root, dirname(file), specifier));
          if (!target.startsWith(`${folder}/`)) breaches.push(`${file}: reaches out of its package to ${target}`);
          continue;
        }
        if (specifier.startsWith('node:')) {
          if (manifest.name === '@pgherd/engine' && !isTest) breaches.push(`${file}: the engine does no I/O, yet it imports ${specifier}`);
          continue;
        }
        const name = packageOf(specifier);
        if (name.startsWith('@pgherd/')) {
          if (name !== manifest.name && !isTest && !mayImport.includes(name))
            breaches.push(`${file}: ${manifest.name} must not import ${name}`);
        } else if (!isTest && manifest.dependencies?.[name] === undefined) {
          breaches.push(`${file}: imports ${name}, which is no dependency of ${manifest.name}`);
        }
      }
      const namesDialects = folder === 'packages/api' || file.startsWith('packages/engine/src/dialects/');
      if (!namesDialects && !isTest) {
        source.split('\n').forEach((line, index) => {
          const word = dialectWords.exec(line)?.[0];
          if (word !== undefined) breaches.push(`${file}:${index + 1}: names a dialect (${word}); what differs belongs into a profile`);
        });
      }
    }
  }
  return breaches;
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const breaches = breachesIn(resolve(import.meta.dirname, '..'));
  for (const breach of breaches) console.error(breach);
  process.exitCode = breaches.length === 0 ? 0 : 1;
}
