import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigurationError } from './errors.ts';
import { defaultConfig, inClusterConfig, kubeconfigConfig } from './kubeconfig.ts';

function folder(files: Readonly<Record<string, string>>): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

function kubeconfig(cluster: string, user: string, context = 'cluster: c, user: u'): string {
  return `current-context: x
contexts: [{name: x, context: {${context}}}, {name: other, context: {cluster: c}}]
clusters: [{name: c, cluster: {${cluster}}}]
users: [{name: u, user: {${user}}}]
`;
}

async function load(text: string, files: Readonly<Record<string, string>> = {}) {
  using directory = folder({ config: text, ...files });
  return { ...(await kubeconfigConfig({ path: join(directory.path, 'config'), env: {} })), directory: directory.path };
}

test('kubeconfig: certificates and keys come inline or from files beside it', async () => {
  const encoded = Buffer.from('CA PEM').toString('base64');
  const config = await load(
    kubeconfig(`server: 'https://10.0.0.1:6443/', certificate-authority-data: ${encoded}`, 'client-certificate: c.pem, client-key: k.pem'),
    { 'c.pem': 'CERT PEM', 'k.pem': 'KEY PEM' },
  );
  assert.equal(config.server, 'https://10.0.0.1:6443');
  assert.equal(config.certificateAuthority, 'CA PEM');
  assert.deepEqual(config.clientCertificate, { certificate: 'CERT PEM', key: 'KEY PEM' });
  assert.deepEqual(config.bearer, { kind: 'none' });
  assert.deepEqual([config.namespace, config.context], ['default', 'x']);
});

test('kubeconfig: a token file wins over the token beside it', async () => {
  const { bearer, directory } = await load(kubeconfig("server: 'https://a'", 'token: old, tokenFile: t'));
  assert.deepEqual(bearer, { kind: 'tokenFile', path: join(directory, 't') });
});

test('kubeconfig: server name, insecure mode and namespace are taken over', async () => {
  const text = kubeconfig(
    "server: 'https://a:1', tls-server-name: b, insecure-skip-tls-verify: true",
    'token: t',
    'cluster: c, user: u, namespace: n',
  );
  const config = await load(text);
  assert.deepEqual([config.tlsServerName, config.insecureSkipTlsVerify, config.namespace], ['b', true, 'n']);
  assert.deepEqual(config.bearer, { kind: 'token', token: 't' });
});

test('kubeconfig: an exec plugin is taken over, its path relative to the file', async () => {
  const { bearer, directory } = await load(
    kubeconfig("server: 'https://a'", 'exec: {command: ./login, args: [x], env: [{name: A, value: b}], installHint: get it}'),
  );
  assert.deepEqual(bearer, {
    kind: 'exec',
    plugin: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: join(directory, 'login'),
      args: ['x'],
      env: { A: 'b' },
      provideClusterInfo: false,
      installHint: 'get it',
    },
  });
});

test('kubeconfig: another context can be named, also one without a user', async () => {
  using directory = folder({ config: kubeconfig("server: 'https://a'", 'token: t') });
  const config = await kubeconfigConfig({ path: join(directory.path, 'config'), context: 'other', env: {} });
  assert.deepEqual([config.context, config.bearer], ['other', { kind: 'none' }]);
});

test('kubeconfig: of several files the first that has an entry counts', async () => {
  using directory = folder({
    one: 'current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n',
    two: kubeconfig("server: 'https://a'", 'token: t'),
  });
  const env = { KUBECONFIG: [join(directory.path, 'one'), join(directory.path, 'two')].join(':') };
  const config = await defaultConfig({ env });
  assert.deepEqual([config.server, config.bearer], ['https://a', { kind: 'none' }]);
});

const refused: Readonly<Record<string, readonly [text: string, message: RegExp]>> = {
  'a proxy': [kubeconfig("server: 'https://a', proxy-url: 'http://p'", ''), /asks for a proxy \(proxy-url\), which is not supported; /],
  'an auth-provider': [kubeconfig("server: 'https://a'", 'auth-provider: {name: gcp}'), /auth-provider.*use its exec plugin/],
  'basic auth': [kubeconfig("server: 'https://a'", 'username: u, password: hidden'), /basic auth.*use a token/],
  impersonation: [kubeconfig("server: 'https://a'", 'as: root'), /impersonates/],
  'a certificate without key': [kubeconfig("server: 'https://a'", 'client-certificate-data: YQ=='), /client-key go together/],
  'a key file that is not there': [kubeconfig("server: 'https://a'", 'client-key: none.pem'), /cannot read client-key: ENOENT/],
  'a server that is no URL': [kubeconfig('server: nowhere', ''), /server "nowhere" is no URL/],
  'a server of another protocol': [kubeconfig("server: 'ftp://a'", ''), /must be https:\/\/ or http:\/\/, not ftp:/],
  'an unknown cluster': [kubeconfig("server: 'https://a'", '', 'cluster: d'), /no entry "d" in clusters; there are: c/],
  'no current context': ['contexts: [{name: x}]', /no current-context; name one of: x/],
  'text that is no YAML': ['a: [token: hidden', /not valid YAML at line 1$/],
  'a list': ['just text', /not a kubeconfig/],
};

for (const [name, [text, message]] of Object.entries(refused))
  test(`kubeconfig: ${name} is refused with a reason`, async () => {
    await assert.rejects(load(text), (error: unknown) => {
      assert.ok(error instanceof ConfigurationError);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /hidden/);
      return true;
    });
  });

test('in-cluster: address, authority, token file and namespace come from the pod', async () => {
  using directory = folder({ token: 't', 'ca.crt': 'CA PEM', namespace: 'n\n' });
  const config = await inClusterConfig({ KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }, directory.path);
  assert.equal(config.server, 'https://[fd00::1]:443');
  assert.deepEqual([config.certificateAuthority, config.namespace], ['CA PEM', 'n']);
  assert.deepEqual(config.bearer, { kind: 'tokenFile', path: join(directory.path, 'token') });
});

test('in-cluster: outside a pod, or without a token, the reason is told', async () => {
  await assert.rejects(inClusterConfig({}), /not in a pod: .*give a kubeconfig/);
  using directory = folder({});
  await assert.rejects(
    inClusterConfig({ KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' }, directory.path),
    /cannot read the service account token \(is automountServiceAccountToken off\?\)/,
  );
});
