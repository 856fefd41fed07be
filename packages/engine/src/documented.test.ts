/**
 * Holds docs/conditions.md to the code, and docs/what-to-do.md to both: what a cluster can say of itself stands there, and nothing else.
 *
 * Reasons and types of conditions and events are CamelCase literals. So every such literal of the sources is either on the page or in the list
 * below, and no new reason can slip through by being written in another way than those before it.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

/** CamelCase literals that are no word of ours to the owner: kinds, values of fields, and words of Kubernetes that are only compared with. */
const others: ReadonlySet<string> = new Set(
  [
    'ConfigMap Endpoints PersistentVolumeClaim PostgresCluster RoleBinding Secret ServiceAccount StatefulSet',
    'AlphaNumeric Always Background Cluster ClusterIP IPv4 IPv6 IfNotPresent In LoadBalancer Local Never NodePort',
    'None PostGIS PreferDualStack ReadWriteOnce RequireDualStack ScheduleAnyway SingleStack',
    'Bound Complete Failed False Normal Pending PodScheduled Running True Unknown Warning',
    'CrashLoopBackOff CreateContainerConfigError CreateContainerError RunContainerError',
    'CreateFailed Creating Failover Invalid Memory NotIn PostgresClusterStatus Switchover SyncFailed UpdateFailed Updating',
    'ErrImageNeverPull ErrImagePull ImageInspectError ImagePullBackOff InvalidImageName',
  ].flatMap((line) => line.split(' ')),
);

const sources = ['decide', 'dialects']
  .flatMap((folder) => globSync(join(import.meta.dirname, folder, '**/*.ts')))
  .filter((path) => !path.endsWith('.test.ts'))
  .map((path) => readFileSync(path, 'utf8'));

const literals: ReadonlySet<string> = new Set(
  sources.flatMap((source) => [...source.matchAll(/(['"`])((?:[A-Z]+[a-z]+[A-Za-z0-9]*))\1/g)].map(([, , word = '']) => word)),
);

type Row = Readonly<Record<string, string>>;

/** The rows of all tables of a page, their cells by heading. */
const rowsOf = (text: string): readonly Row[] => {
  const cellsOf = (line: string): readonly string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const lines = text.split('\n');
  let heading: readonly string[] = [];
  return lines.flatMap((line, index) => {
    if (!line.startsWith('|') || /^\|[-| ]+\|$/.test(line)) return [];
    if (/^\|[-| ]+\|$/.test(lines[index + 1] ?? '')) {
      heading = cellsOf(line);
      return [];
    }
    return [Object.fromEntries(cellsOf(line).map((cell, column) => [heading[column] ?? '', cell]))];
  });
};

const page = (name: string): string => readFileSync(join(import.meta.dirname, '../../../docs', name), 'utf8');

const conditions = page('conditions.md');
const rows = rowsOf(conditions);

const wordOf = (cell: string): string => /^`(\w+)`$/.exec(cell)?.[1] ?? assert.fail(`${cell} is not one word in backticks`);

const documented: ReadonlySet<string> = new Set(
  rows.flatMap((row) => ['Condition', 'Reason'].flatMap((column) => (row[column] === undefined ? [] : [wordOf(row[column])]))),
);

const without = (words: ReadonlySet<string>, ...known: readonly ReadonlySet<string>[]): readonly string[] =>
  [...words].filter((word) => !known.some((set) => set.has(word))).toSorted();

test('conditions: every condition and reason of the code is on its page', () => {
  assert.ok(literals.size > 100, 'the sources were not found');
  assert.deepEqual(without(literals, documented, others), []);
});

test('conditions: the page has none that the code lacks', () => {
  assert.deepEqual(without(documented, literals), []);
});

test('conditions: no word that is left out of the page stands on it, or is gone from the code', () => {
  assert.deepEqual(without(others, literals), []);
  assert.deepEqual(
    [...others].filter((word) => documented.has(word)),
    [],
  );
});

test('conditions: the page says of each condition what it says, and names no other with a reason', () => {
  const told = new Set(rows.flatMap((row) => (row['What it says'] === undefined ? [] : [row['Condition']])));
  for (const { Condition: condition } of rows) if (condition !== undefined) assert.ok(told.has(condition), condition);
});

test('conditions: each finding stands under the condition that it becomes', () => {
  const conditionOf: Readonly<Record<string, string>> = {
    unsupported: 'NotYetSupported',
    invalid: 'ManifestInvalid',
    warning: 'ManifestWarning',
  };
  const pair = /kind: '(unsupported|invalid|warning)',\s*(?:path: [^\n]*\s*)?reason: '(\w+)'/g;
  const found = sources.flatMap((source) =>
    [...source.matchAll(pair)].map(([, kind = '', reason = '']) => `${conditionOf[kind]} ${reason}`),
  );
  const onPage = rows.filter((row) => 'Blocks' in row).map((row) => `${wordOf(row['Condition'] ?? '')} ${wordOf(row['Reason'] ?? '')}`);
  assert.deepEqual(onPage.toSorted(), [...new Set(found)].toSorted());
});

test('conditions: the reasons of one condition stand together', () => {
  for (const table of [rows.filter((row) => !('Blocks' in row)), rows.filter((row) => 'Blocks' in row)]) {
    const named = table.flatMap(({ Condition: condition, Reason: reason }) =>
      condition === undefined || reason === undefined ? [] : [condition],
    );
    const groups = named.filter((condition, index) => condition !== named[index - 1]);
    assert.deepEqual(groups, [...new Set(named)]);
    assert.ok(groups.length > 1);
  }
});

test('what to do: every remedy that the conditions point to is there', () => {
  const anchors = new Set(
    [...page('what-to-do.md').matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading.toLowerCase().replaceAll(' ', '-')),
  );
  const links = [...conditions.matchAll(/\(what-to-do\.md#([^)]*)\)/g)].map(([, anchor = '']) => anchor);
  assert.deepEqual(
    [...new Set(links)].filter((anchor) => !anchors.has(anchor)),
    [],
  );
  assert.ok(links.length > 0);
});

test('what to do: it names only conditions and reasons that there are', () => {
  const named = new Set([...page('what-to-do.md').matchAll(/`((?:[A-Z]+[a-z]+)+)`/g)].map(([, word = '']) => word));
  assert.ok(named.size > 0);
  assert.deepEqual(without(named, documented), []);
});
