import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileConfiguration, ConfigurationError, usage } from './configuration.ts';

const compile = (argv: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  compileConfiguration(argv, { POD_NAMESPACE: 'pgherd', ...environment });

test('configuration: nothing said gives the defaults', () => {
  const configuration = compile([]);
  assert.equal(configuration.namespaces, undefined);
  assert.equal(configuration.crds, 'check');
  assert.deepEqual(configuration.listen, { host: undefined, port: 8080 });
  assert.equal(configuration.leaderElection?.namespace, 'pgherd');
});

test('configuration: a flag wins over its variable', () => {
  assert.equal(compile(['--workers=3'], { PGHERD_WORKERS: '7' }).workers, 3);
  assert.equal(compile([], { PGHERD_WORKERS: '7' }).workers, 7);
});

test('configuration: images by version, and under the names that deployments of the original use', () => {
  assert.deepEqual(
    compile(['--postgres-images=17=a/b:1,15=c:2'], { RELATED_IMAGE_POSTGRES_15: 'old', RELATED_IMAGE_POSTGRES_16: 'kept' }).postgresImages,
    {
      '15': 'c:2',
      '16': 'kept',
      '17': 'a/b:1',
    },
  );
});

const refused: readonly (readonly [string, RegExp])[] = [
  ['--workers=0', /--workers.*whole number from 1 to 1000/],
  ['--workers=many', /--workers/],
  ['--crds=maybe', /--crds.*apply, check, off/],
  ['--namespaces=a,B_c', /--namespaces.*"B_c"/],
  ['--listen=8080', /--listen.*host:port/],
  ['--listen=:99999', /--listen/],
  ['--log-level=loud', /--log-level/],
  ['--postgres-images=latest', /--postgres-images.*VERSION=IMAGE/],
  ['--no-such-option=1', /no-such-option/],
];
for (const [flag, message] of refused) {
  test(`configuration: ${flag} is refused with the option's name`, () => {
    assert.throws(
      () => compile([flag]),
      (error) => error instanceof ConfigurationError && message.test(error.message),
    );
  });
}

test('configuration: leader election without a namespace says what to set', () => {
  assert.throws(() => compileConfiguration([], {}), /POD_NAMESPACE/);
});

test('configuration: the help names every flag and variable', () => {
  for (const word of ['--namespaces', 'PGHERD_WORKERS', '--crds', 'KUBECONFIG']) assert.ok(usage().includes(word), word);
});
