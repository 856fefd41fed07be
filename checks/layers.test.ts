import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { breachesIn, importsOf } from './layers.ts';

/** A throw-away checkout with the given files. */
const checkout = (files: Readonly<Record<string, string>>): { readonly root: string; readonly [Symbol.dispose]: () => void } => {
  const root = mkdtempSync(join(tmpdir(), 'layers-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
};

const engine = { 'packages/engine/package.json': '{"name":"@pgherd/engine","dependencies":{"@pgherd/api":"0.1.0"}}' };

test('layers: imports of every form are seen', () => {
  const source = `import a from 'one';\nimport type { B } from "two";\nimport 'three';\nexport * from 'four';\nconst x = await import('five');\nimport {\n  c,\n} from 'six';\n`;
  assert.deepEqual(importsOf(source), ['one', 'two', 'three', 'four', 'five', 'six']);
});

test('layers: the engine may import the api and its own files', () => {
  using tree = checkout({ ...engine, 'packages/engine/src/a.ts': `import type { X } from '@pgherd/api';\nimport { b } from './b.ts';\n` });
  assert.deepEqual(breachesIn(tree.root), []);
});

test('layers: an arrow against the direction is a breach', () => {
  using tree = checkout({ ...engine, 'packages/engine/src/a.ts': `import { x } from '@pgherd/kube';\n` });
  assert.match(breachesIn(tree.root).join('\n'), /must not import @pgherd\/kube/);
});

test('layers: the engine imports nothing of Node outside its tests', () => {
  using tree = checkout({
    ...engine,
    'packages/engine/src/a.ts': `import { readFileSync } from 'node:fs';\n`,
    'packages/engine/src/a.test.ts': `import { test } from 'node:test';\n`,
  });
  assert.deepEqual(breachesIn(tree.root), ['packages/engine/src/a.ts: the engine does no I/O, yet it imports node:fs']);
});

test('layers: a relative import does not leave its package', () => {
  using tree = checkout({ ...engine, 'packages/engine/src/a.ts': `import { x } from '../../kube/src/x.ts';\n` });
  assert.match(breachesIn(tree.root).join('\n'), /reaches out of its package/);
});

test('layers: a dialect is named in its own folder only', () => {
  using tree = checkout({
    ...engine,
    'packages/engine/src/render/a.ts': `// as Crunchy does\n`,
    'packages/engine/src/dialects/crunchy/a.ts': `// Crunchy\n`,
  });
  assert.deepEqual(breachesIn(tree.root), [
    'packages/engine/src/render/a.ts:1: names a dialect (Crunchy); what differs belongs into a profile',
  ]);
});

test('layers: this checkout has no breach', () => {
  assert.deepEqual(breachesIn(join(import.meta.dirname, '..')), []);
});
