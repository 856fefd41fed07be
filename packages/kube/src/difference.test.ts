import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { firstDifference, isSubsetOf } from './difference.ts';

const live = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'a', labels: { app: 'a', other: 'b' }, finalizers: ['one', 'two'] },
  spec: {
    replicas: 1,
    revisionHistoryLimit: 10,
    template: {
      spec: {
        terminationGracePeriodSeconds: 30,
        tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoSchedule' }],
        volumes: [{ name: 'data', emptyDir: {} }],
        containers: [
          { name: 'sidecar-of-somebody', image: 'x' },
          {
            name: 'main',
            image: 'i:1',
            imagePullPolicy: 'IfNotPresent',
            env: [
              { name: 'A', value: '1' },
              { name: 'B', value: '2' },
            ],
            ports: [{ containerPort: 5432, protocol: 'TCP' }],
            resources: { requests: { cpu: '1', memory: '1Gi' } },
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
            securityContext: { readOnlyRootFilesystem: true },
          },
        ],
      },
    },
  },
};

/** An applied object with this main container. */
function withMain(container: object): object {
  return { spec: { template: { spec: { containers: [{ name: 'main', ...container }] } } } };
}

const same: Readonly<Record<string, object>> = {
  'defaults and fields of others do not count': { spec: { replicas: 1 }, metadata: { labels: { app: 'a' } } },
  'undefined is not applied': { spec: { replicas: undefined, paused: undefined } },
  'null means not there': { metadata: { annotations: null } },
  'items are found by their key, whatever comes before them': withMain({ image: 'i:1' }),
  'env is a list by name': withMain({ env: [{ name: 'B', value: '2' }] }),
  'a port has the default protocol in its key': withMain({ ports: [{ containerPort: 5432 }] }),
  'quantities are compared as numbers': withMain({ resources: { requests: { cpu: '1000m', memory: '1024Mi' } } }),
  'a mount is found by its path': withMain({ volumeMounts: [{ mountPath: '/data', name: 'data', readOnly: false }] }),
  'the server leaves out false': { spec: { template: { spec: { hostNetwork: false } } } },
  'the server leaves out empty maps of strings': { metadata: { annotations: {} } },
  'the server leaves out empty lists': { spec: { template: { spec: { imagePullSecrets: [] } } } },
  'a set needs only its members': { metadata: { finalizers: ['two'] } },
  'an atomic list of equal length is compared by position, defaults aside': {
    spec: { template: { spec: { tolerations: [{ key: 'k', operator: 'Exists' }] } } },
  },
};

for (const [name, applied] of Object.entries(same))
  test(`difference: ${name}`, () => {
    assert.equal(firstDifference(applied, live), undefined);
  });

const different: Readonly<Record<string, readonly [object, string]>> = {
  'a changed scalar': [{ spec: { replicas: 2 } }, 'spec.replicas'],
  'zero replicas are not absent replicas': [{ spec: { replicas: 0 } }, 'spec.replicas'],
  'a removed label': [{ metadata: { labels: { gone: 'x' } } }, 'metadata.labels.gone'],
  'a changed image in a keyed list': [withMain({ image: 'i:2' }), 'spec.template.spec.containers[main].image'],
  'a removed environment variable': [withMain({ env: [{ name: 'C', value: '' }] }), 'spec.template.spec.containers[main].env[C]'],
  'another quantity': [
    withMain({ resources: { requests: { memory: '1G' } } }),
    'spec.template.spec.containers[main].resources.requests.memory',
  ],
  'a missing limit': [withMain({ resources: { limits: { cpu: '1' } } }), 'spec.template.spec.containers[main].resources.limits'],
  'an added item in an atomic list': [{ spec: { template: { spec: { tolerations: [] } } } }, 'spec.template.spec.tolerations'],
  'false where false can be unset': [
    withMain({ securityContext: { allowPrivilegeEscalation: false } }),
    'spec.template.spec.containers[main].securityContext.allowPrivilegeEscalation',
  ],
  'a volume of another kind': [
    { spec: { template: { spec: { volumes: [{ name: 'data', hostPath: { path: '/' } }] } } } },
    'spec.template.spec.volumes[data].hostPath',
  ],
  'an empty object that is gone': [
    { spec: { template: { spec: { volumes: [{ name: 'data', downwardAPI: {} }] } } } },
    'spec.template.spec.volumes[data].downwardAPI',
  ],
  'a missing finalizer': [{ metadata: { finalizers: ['three'] } }, 'metadata.finalizers'],
  'a value where null was applied': [{ metadata: { labels: { other: null } } }, 'metadata.labels.other'],
};

for (const [name, [applied, path]] of Object.entries(different))
  test(`difference: ${name} is found at its path`, () => {
    assert.equal(firstDifference(applied, live), path);
  });

test('difference: service ports are matched by number and protocol', () => {
  const service = {
    spec: {
      ports: [
        { name: 'udp', port: 53, protocol: 'UDP', targetPort: 53 },
        { name: 'tcp', port: 53, protocol: 'TCP', targetPort: 'dns', nodePort: 31000 },
      ],
    },
  };
  assert.equal(firstDifference({ spec: { ports: [{ name: 'tcp', port: 53, targetPort: 'dns' }] } }, service), undefined);
  assert.equal(firstDifference({ spec: { ports: [{ port: 53, targetPort: 'other' }] } }, service), 'spec.ports[53,TCP].targetPort');
});

test('difference: a key that somebody added to a selector is a difference, one in labels is not', () => {
  const applied = { metadata: { labels: { app: 'a' } }, spec: { selector: { app: 'a' } } };
  assert.equal(firstDifference(applied, { metadata: { labels: { app: 'a', more: 'b' } }, spec: { selector: { app: 'a' } } }), undefined);
  assert.equal(
    firstDifference(applied, { metadata: { labels: { app: 'a' } }, spec: { selector: { app: 'a', more: 'b' } } }),
    'spec.selector.more',
  );
});

test('difference: ports of Endpoints are part of an atomic list', () => {
  const endpoints = { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 5432, protocol: 'TCP' }] }] };
  assert.equal(firstDifference({ subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 5432 }] }] }, endpoints), undefined);
  assert.equal(firstDifference({ subsets: [{ addresses: [{ ip: '10.0.0.2' }] }] }, endpoints), 'subsets[0].addresses[0].ip');
});

test('difference: stringData of a Secret is looked for in data', () => {
  const secret = { kind: 'Secret', data: { key: Buffer.from('välue').toString('base64') } };
  assert.ok(isSubsetOf({ kind: 'Secret', stringData: { key: 'välue' } }, secret));
  assert.equal(firstDifference({ kind: 'Secret', stringData: { key: 'other' } }, secret), 'data.key');
});

const json = fc.letrec((tie) => ({
  object: fc.dictionary(fc.constantFrom('a', 'b', 'labels', 'requests', 'ports', 'env', 'replicas'), tie('value'), { maxKeys: 4 }),
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('', '1', '1000m', 'x'),
    fc.integer({ min: 0, max: 3 }),
    fc.boolean(),
    tie('object'),
    fc.array(fc.integer(), { maxLength: 3 }),
  ),
})).object;

test('difference: every object has all fields of itself, and a superset still does', () => {
  fc.assert(
    fc.property(json, json, (value, extra) => {
      assert.equal(firstDifference(value, structuredClone(value)), undefined);
      assert.equal(firstDifference(value, { ...extra, ...value }), undefined);
    }),
  );
});

test('difference: a changed leaf is always found', () => {
  fc.assert(
    fc.property(json, fc.constantFrom('a', 'b', 'x'), (value, name) => {
      assert.equal(firstDifference({ ...value, [name]: 'applied' }, { ...value, [name]: 'somebody else' }), name);
    }),
  );
});
