import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { debianSources, parseAptSources, readAptConfiguration } from './apt-sources.ts';

const main = { components: ['main'], signedBy: '' };

const deb822 = `Types: deb deb-src
# a comment
URIs: http://mirror.example/debian
Suites: bookworm
 bookworm-updates
Components: main

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /keys/debian-archive.gpg

Types: deb
URIs: http://mirror.example/off
Suites: bookworm
Enabled: no
`;

test('apt sources: the deb822 style with comments, continued lines and a disabled stanza is read', () => {
  assert.deepEqual(parseAptSources('debian.sources', deb822), [
    { uri: 'http://mirror.example/debian', suite: 'bookworm', ...main },
    { uri: 'http://mirror.example/debian', suite: 'bookworm-updates', ...main },
    {
      uri: 'http://mirror.example/debian-security',
      suite: 'bookworm-security',
      components: ['main'],
      signedBy: '/keys/debian-archive.gpg',
    },
  ]);
});

test('apt sources: the one-line style is read, options and all, and comments and source packages are not', () => {
  const text =
    '# deb http://mirror.example/no bookworm main\ndeb-src http://mirror.example/debian bookworm main\n' +
    'deb [arch=amd64 signed-by=/a/key] http://mirror.example/debian bookworm main contrib\n';
  assert.deepEqual(parseAptSources('sources.list', text), [
    { uri: 'http://mirror.example/debian', suite: 'bookworm', components: ['main', 'contrib'], signedBy: '/a/key' },
  ]);
});

test('apt sources: another release is looked for on the same mirrors, without backports and foreign archives', () => {
  const sources = [
    ...parseAptSources('debian.sources', deb822),
    { uri: 'http://mirror.example/debian', suite: 'bookworm-backports', ...main },
    { uri: 'http://tools.example/debian', suite: 'bookworm', components: ['stable'], signedBy: '' },
    { uri: 'http://tools.example/apt', suite: 'bookworm', components: ['main'], signedBy: '/keys/tools.gpg' },
  ];
  assert.equal(
    debianSources({ sources, distribution: 'debian', codename: 'bookworm' }, 'trixie'),
    `Types: deb
URIs: http://mirror.example/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: trixie-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`,
  );
});

test('apt sources: a machine that is no Debian has none to offer', () => {
  const sources = [{ uri: 'http://mirror.example/ubuntu', suite: 'noble', ...main }];
  assert.equal(debianSources({ sources, distribution: 'ubuntu', codename: 'noble' }, 'trixie'), undefined);
});

test('apt sources: a machine is read from its files, and one without apt is empty', async () => {
  const root = await mkdtemp(join(tmpdir(), 'pgherd-apt-'));
  try {
    assert.deepEqual(await readAptConfiguration(root), { sources: [], distribution: '', codename: '' });
    await mkdir(join(root, 'etc/apt/sources.list.d'), { recursive: true });
    await writeFile(join(root, 'etc/os-release'), 'ID=debian\nVERSION_CODENAME=bookworm\n');
    await writeFile(join(root, 'etc/apt/sources.list'), 'deb http://mirror.example/debian bookworm main\n');
    await writeFile(join(root, 'etc/apt/sources.list.d/other.sources.disabled'), deb822);
    assert.deepEqual(await readAptConfiguration(root), {
      sources: [{ uri: 'http://mirror.example/debian', suite: 'bookworm', ...main }],
      distribution: 'debian',
      codename: 'bookworm',
    });
  } finally {
    await rm(root, { recursive: true });
  }
});
