import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { KubernetesObject } from './objects.ts';
import { compareResourceVersions } from './resourceVersion.ts';
import { createStore } from './store.ts';

function pod(name: string, resourceVersion: string, labels: Readonly<Record<string, string>> = {}, uid = name): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'n', name, uid, resourceVersion, labels } };
}

const byApp = { app: (object: KubernetesObject) => [object.metadata.labels?.['app'] ?? []].flat() };

test('store: each write tells what changed', () => {
  const store = createStore();
  const first = pod('a', '1');
  const second = pod('a', '2');
  assert.deepEqual(store.set(first), { kind: 'added', key: 'n/a', object: first });
  assert.deepEqual(store.set(second), { kind: 'updated', key: 'n/a', old: first, object: second });
  assert.deepEqual(store.delete(pod('a', '3')), { kind: 'deleted', key: 'n/a', object: pod('a', '3') });
  assert.equal(store.delete(pod('a', '3')), undefined);
  assert.equal(store.resourceVersion, '3');
});

test('store: the same version again changes nothing and keeps the object', () => {
  const store = createStore();
  const first = pod('a', '1');
  store.set(first);
  assert.equal(store.set(pod('a', '1')), undefined);
  assert.deepEqual(store.replace([pod('a', '1')], '7'), []);
  assert.equal(store.get('n/a'), first);
  assert.equal(store.resourceVersion, '7');
});

test('store: what a replacement lacks was deleted unseen', () => {
  const store = createStore();
  store.replace([pod('a', '1'), pod('b', '2')], '2');
  const changes = store.replace([pod('b', '5'), pod('c', '6')], '6');
  assert.deepEqual(
    changes.map(({ kind, key }) => `${kind} ${key}`),
    ['updated n/b', 'added n/c', 'deleted n/a'],
  );
});

test('store: an object of the same name with another uid is a change even at an equal version', () => {
  const store = createStore();
  store.set(pod('a', '1', {}, 'old'));
  assert.equal(store.set(pod('a', '1', {}, 'new'))?.kind, 'updated');
});

test('store: an index follows its objects', () => {
  const store = createStore(byApp);
  store.set(pod('a', '1', { app: 'x' }));
  store.set(pod('b', '1', { app: 'x' }));
  store.set(pod('a', '2', { app: 'y' }));
  assert.deepEqual(
    store.indexed('app', 'x').map(({ metadata }) => metadata.name),
    ['b'],
  );
  store.delete(pod('a', '3'));
  assert.deepEqual(store.indexed('app', 'y'), []);
  assert.throws(() => store.indexed('other', 'x'), /no index "other"; there are: app/);
});

test('store: after any writes the indexes hold what a search would find', () => {
  const write = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    app: fc.constantFrom('x', 'y'),
    write: fc.constantFrom('set', 'delete', 'replace'),
  });
  fc.assert(
    fc.property(fc.array(write, { maxLength: 30 }), (writes) => {
      const store = createStore(byApp);
      let version = 0;
      for (const step of writes) {
        version += 1;
        const object = pod(step.name, String(version), { app: step.app });
        if (step.write === 'replace') store.replace([object], String(version));
        else store[step.write === 'set' ? 'set' : 'delete'](object);
        for (const app of ['x', 'y'])
          assert.deepEqual(
            store
              .indexed('app', app)
              .map((found) => found.metadata.name)
              .toSorted(),
            store
              .list()
              .filter((found) => found.metadata.labels?.['app'] === app)
              .map((found) => found.metadata.name)
              .toSorted(),
          );
      }
    }),
  );
});

test('resource versions: they compare as numbers of any length', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 80n), fc.bigInt(0n, 2n ** 80n), (left, right) => {
      const order = compareResourceVersions(String(left), String(right));
      assert.equal(Math.sign(order), left < right ? -1 : left > right ? 1 : 0);
    }),
  );
  assert.ok(compareResourceVersions('', '1') < 0);
});
