/**
 * Makes one file of a program and everything that it imports, so that the image carries no `node_modules` and Node opens one file at start.
 *
 *     node images/bundle.ts ENTRY OUTPUT
 */
import { access, readFile, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import type { Plugin } from 'esbuild';
import { BundleFailed, MissingInput } from './errors.ts';

const checkout = resolve(import.meta.dirname, '..');

/** CommonJS packages inside an ES module call `require` for Node's own modules, which an ES module does not have by itself. */
const requireForCommonJs =
  "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);";

/** As packages read a file that lies beside their own, such as saslprep 1.0.3 its table of code points. */
const readsFileBesideIt = /\bfs\.readFileSync\(path\.(?:join|resolve)\(__dirname, '([^']+)'\)\)/g;

/** Puts the content of such files into the bundle, for nothing lies beside it in the image. */
const inlineFilesBeside: Plugin = {
  name: 'inline-files-beside',
  setup: (build) => {
    build.onLoad({ filter: /\/node_modules\/.*\.c?js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const names = [...source.matchAll(readsFileBesideIt)].flatMap(([, name]) => name ?? []);
      if (names.length === 0) return undefined;
      const encoded = new Map<string, string>();
      for (const name of names) encoded.set(name, await readFile(resolve(dirname(path), name), 'base64'));
      const contents = source.replaceAll(readsFileBesideIt, (_, name: string) => `Buffer.from('${encoded.get(name)}', 'base64')`);
      return { contents, loader: 'js' };
    });
  },
};

/**
 * Node's own modules as they are. `import` makes a module of each, with all its names at once, and node:http has names that load a second HTTP client
 * for `fetch` and WebSocket: 10 MiB that nobody uses.
 */
const builtInModules: Plugin = {
  name: 'built-in-modules',
  setup: (build) => {
    build.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' || kind === 'dynamic-import' ? { path, namespace: 'built-in' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'built-in' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: 'js',
    }));
  },
};

/**
 * The bundle of `entry` as text: an ES module for Node 24, the same bytes for the same sources. Names are kept as they are, so that stack
 * traces and heap snapshots can be read.
 * @throws MissingInput if there is no such file, BundleFailed if it does not bundle.
 */
export async function bundle(entry: string): Promise<string> {
  const name = relative(checkout, entry);
  await access(entry).catch((error: unknown) => {
    throw new MissingInput(`${name} is not there`, 'run this in a complete checkout', error);
  });
  try {
    const result = await build({
      entryPoints: [entry],
      absWorkingDir: checkout,
      bundle: true,
      write: false,
      platform: 'node',
      target: 'node24',
      format: 'esm',
      banner: { js: requireForCommonJs },
      legalComments: 'eof',
      plugins: [inlineFilesBeside, builtInModules],
      logLevel: 'silent',
    });
    return result.outputFiles[0]?.text ?? '';
  } catch (error) {
    throw new BundleFailed(name, error);
  }
}

if (import.meta.main) {
  const [entry, output] = process.argv.slice(2);
  if (entry === undefined || output === undefined) {
    console.error('usage: node images/bundle.ts ENTRY OUTPUT');
    process.exit(2);
  }
  await writeFile(output, await bundle(resolve(entry)));
}
