/**
 * What pods do with the images, done with the images: every test runs programs of a freshly built image under a read-only root, without
 * capabilities and as the users that volumes of running clusters belong to.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { linesProgress } from '../local/src/progress.ts';
import { usercustomize } from '../packages/engine/src/render/scripts/usercustomize.ts';
import { buildImages, pushImages, runInImage } from './index.ts';
import type { BuiltImage } from './index.ts';
import type { ImageName } from './inputs.ts';
import { startReceivingRegistry } from './receiving-registry.ts';

const progress = linesProgress((line) => console.error(line));

async function builtImage(name: ImageName): Promise<BuiltImage> {
  const [image] = await buildImages({ only: [name], progress });
  assert.ok(image);
  return image;
}

describe('postgres image', () => {
  let image: BuiltImage;
  before(async () => {
    image = await builtImage('postgres');
  });

  /** Runs a bash script in the image and gives its output; fails the test if the script fails. */
  const bash = async (user: { readonly uid: number; readonly gid: number }, script: string): Promise<string> => {
    const writable = ['/tmp', '/pgdata', '/dev/shm'];
    const output = await runInImage(image, { ...user, writable, command: ['bash', '-euc', script] });
    assert.equal(output.exitCode, 0, `exit code ${output.exitCode}\n${output.stdout}\n${output.stderr}`);
    return output.stdout.trim();
  };
  const postgres = { uid: 26, gid: 26 };
  const users = [postgres, { uid: 101, gid: 103 }, { uid: 12345, gid: 0 }];

  // A user without a name gets one as in a pod: from copies of passwd and group that libnss_wrapper shows to every program.
  const nameOfOwn = `
    if ! id --user --name >/dev/null 2>&1; then
      export NSS_WRAPPER_PASSWD=/tmp/passwd NSS_WRAPPER_GROUP=/tmp/group LD_PRELOAD=/usr/lib64/libnss_wrapper.so
      cp /etc/group "$NSS_WRAPPER_GROUP"
      { sed '/^postgres:/d' /etc/passwd; echo "postgres:x:$(id -u):$(id -g)::/tmp:/bin/bash"; } >"$NSS_WRAPPER_PASSWD"
    fi`;

  for (const version of [17, 15]) {
    for (const user of users) {
      test(`postgres image: PostgreSQL ${version} with pgAudit serves a peer connection as user ${user.uid}`, async () => {
        const shown = await bash(
          user,
          `${nameOfOwn}
          export PATH=/usr/lib/postgresql/${version}/bin:$PATH PGDATA=/pgdata/pg PGHOST=/tmp/postgres
          mkdir /tmp/postgres
          initdb --auth=peer --data-checksums --allow-group-access >/tmp/initdb.log
          pg_ctl --silent --wait --log=/tmp/server.log start \\
            -o "-c shared_preload_libraries=pgaudit -c pgaudit.log=ddl -c unix_socket_directories=$PGHOST -c listen_addresses=" || { cat /tmp/server.log; exit 1; }
          psql --no-psqlrc --quiet --dbname=postgres --tuples-only --no-align --set=ON_ERROR_STOP=1 --field-separator=' ' <<-'SQL'
            CREATE EXTENSION pgaudit;
            CREATE TABLE herd (name text);
            SELECT current_user, current_setting('server_version_num')::int / 10000, current_setting('data_checksums'),
              current_setting('huge_pages'), pg_jit_available(), datcollate
            FROM pg_database WHERE datname = 'postgres';
SQL
          grep -c 'AUDIT: .*CREATE TABLE herd' /tmp/server.log
          pg_ctl --silent --wait --mode=fast stop`,
        );
        assert.equal(shown, `postgres ${version} on off t en_US.UTF-8\n1`);
      });
    }
  }

  test('postgres image: the root file system is read-only in these tests, so what passes does not write to it', async () => {
    assert.equal(await bash(postgres, 'touch /var/lib/postgresql/x 2>/dev/null || echo refused'), 'refused');
  });

  test('postgres image: Patroni 4 runs, with its Kubernetes client and JSON logs', async () => {
    const script = 'patroni --version; patronictl version; python3 -c "import patroni.dcs.kubernetes, pythonjsonlogger"';
    assert.match(await bash(postgres, script), /^patroni 4\.\d+\.\d+\npatronictl version 4\./);
  });

  test('postgres image: what members run at the start of Python finds PyYAML with libyaml, and the Patroni that it knows', async () => {
    const questions = [
      'import yaml, patroni.postgresql.postmaster as postmaster, patroni.dcs.kubernetes as kubernetes',
      'changed = [postmaster.PostmasterProcess.signal_stop, kubernetes.Kubernetes._map_subsets]',
      'print(yaml.SafeLoader is yaml.CSafeLoader, *(function.__module__ for function in changed))',
      // A view of the cluster as the member has it that hands over.
      'from patroni.dcs.kubernetes import K8sObject, Kubernetes, k8s_client',
      'paths = {"leader_path": "ha", "failover_path": "ha-failover"}',
      'view = object.__new__(type("View", (Kubernetes,), paths))',
      'pods = {name: K8sObject({"metadata": {"uid": name + "-uid"}, "spec": {"nodeName": "n", "hostname": name}, "status": {"podIP": ip}})',
      '        for name, ip in {"one": "10.0.0.1", "two": "10.0.0.2"}.items()}',
      'request = K8sObject({"metadata": {"annotations": {"leader": "one", "member": "two"}}})',
      'view._namespace, view._name = "db", "one"',
      'view._pods, view._kinds = pods, {"ha-failover": request}',
      'view._Kubernetes__ports = [k8s_client.V1EndpointPort(port=5432, name="postgresql")]',
      'endpoints = {}',
      'view._map_subsets(endpoints, [])',
      'address = endpoints["subsets"][0].addresses[0]',
      'print(address.ip, address.target_ref.name, address.target_ref.uid, endpoints["subsets"][0].ports[0].port)',
    ].join('\n');
    const script = `cat > /tmp/usercustomize.py <<'END'\n${usercustomize}\nEND\nPYTHONPATH=/tmp python3 -c '${questions}'`;
    for (const user of users) assert.equal(await bash(user, script), 'True usercustomize usercustomize\n10.0.0.2 two two-uid 5432');
  });

  test('postgres image: pgBackRest runs for any user, at both of its paths and without a configuration of its own', async () => {
    for (const user of users) {
      const shown = await bash(user, '[ ! -e /etc/pgbackrest.conf ]; pgbackrest version; /bin/pgbackrest version');
      assert.match(shown, /^pgBackRest 2\.(\d+).*\npgBackRest 2\.\1/);
    }
  });

  test('postgres image: pgBackRest has the TLS server, which backups over the network need', async () => {
    assert.match(await bash(postgres, 'pgbackrest help server'), /pgBackRest server/i);
  });

  test('postgres image: user ids 26 and 101 are called postgres', async () => {
    for (const user of users.slice(0, 2)) assert.equal(await bash(user, 'id --user --name'), 'postgres');
    assert.equal(await bash(postgres, 'id --group --name'), 'postgres');
  });

  test('postgres image: every program that start scripts call is there', async () => {
    const programs =
      'bash cat chmod cp curl df envsubst find grep id install ln mkdir mktemp mv pkill printf realpath rm sed sha1sum sort stat tar ' +
      'psql pg_dump pg_restore pg_isready pgbench patroni patronictl pgbackrest';
    assert.equal(await bash(postgres, `for program in ${programs}; do command -v "$program" >/dev/null || echo "$program"; done`), '');
    const perVersion = 'postgres initdb pg_ctl pg_controldata pg_rewind pg_basebackup psql pg_isready pg_checksums pg_upgrade';
    assert.equal(
      await bash(
        postgres,
        `for v in 15 17; do for p in ${perVersion}; do [ -x "/usr/lib/postgresql/$v/bin/$p" ] || echo "$v $p"; done; done`,
      ),
      '',
    );
  });

  test('postgres image: psql is the real one, not a wrapper that looks for clusters of its own', async () => {
    assert.equal(await bash(postgres, 'readlink --canonicalize "$(command -v psql)"'), '/usr/lib/postgresql/17/bin/psql');
  });

  test('postgres image: no cluster, no private key and no set-user-id program was left behind by packages', async () => {
    assert.equal(await bash(postgres, 'find /var/lib/postgresql /etc/postgresql -mindepth 1'), '');
    assert.equal(await bash(postgres, 'find / -xdev -type f -perm /6000 2>/dev/null || true'), '');
    const unseen = await runInImage(image, { uid: 0, gid: 0, writable: [], command: ['find', '/etc/ssl/private', '-type', 'f'] });
    assert.deepEqual([unseen.exitCode, unseen.stdout], [0, '']);
  });
});

describe('operator image', () => {
  let image: BuiltImage;
  before(async () => {
    image = await builtImage('operator');
  });
  const nonroot = { uid: 65532, gid: 65532, writable: [] };

  test('operator image: its Node is the one of the lock file', async () => {
    const output = await runInImage(image, { ...nonroot, command: ['/usr/local/bin/node', '--version'] });
    assert.deepEqual([output.exitCode, output.stdout.trim()], [0, process.version], output.stderr);
  });

  test('operator image: Node resolves names and makes keys and time zones as any user, and there is no shell', async () => {
    const script = `
      import { lookup } from 'node:dns/promises';
      import { generateKeyPairSync } from 'node:crypto';
      generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const { address } = await lookup('localhost', 4);
      console.log(address, new Date(0).toLocaleTimeString('en-GB', { timeZone: 'Europe/Berlin' }));`;
    const output = await runInImage(image, {
      ...nonroot,
      uid: 12345,
      gid: 0,
      command: ['/usr/local/bin/node', '--input-type=module', '--eval', script],
    });
    assert.deepEqual([output.exitCode, output.stdout.trim()], [0, '127.0.0.1 01:00:00'], output.stderr);
    const shell = await runInImage(image, { ...nonroot, command: ['/bin/sh', '-c', 'true'] });
    assert.equal(shell.exitCode, 127);
  });

  test('operator image: the operator starts from its one file and says its version', async () => {
    const output = await runInImage(image, { ...nonroot, command: ['/usr/local/bin/node', '/app/operator.mjs', '--version'] });
    assert.match(output.stdout, /^pgherd-operator \S+\n$/, output.stderr);
    assert.equal(output.exitCode, 0);
  });

  test('operator image: a push delivers it to the registry under prefix and tag, with every layer whole', async () => {
    await using registry = await startReceivingRegistry();
    const folder = await mkdtemp(join(tmpdir(), 'pgherd-push-'));
    const before = process.env['CONTAINERS_REGISTRIES_CONF'];
    try {
      // docker takes a registry on the loopback for one without TLS, buildah and podman have to be told.
      process.env['CONTAINERS_REGISTRIES_CONF'] = join(folder, 'registries.conf');
      await writeFile(join(folder, 'registries.conf'), `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`);
      await pushImages({ only: ['operator'], prefix: `${registry.host}/team/pgherd`, tag: '1.2.3', progress });
    } finally {
      if (before === undefined) delete process.env['CONTAINERS_REGISTRIES_CONF'];
      else process.env['CONTAINERS_REGISTRIES_CONF'] = before;
      await rm(folder, { recursive: true });
    }
    const manifest = registry.manifests.get('team/pgherd-operator:1.2.3');
    assert.ok(manifest, `what arrived: ${[...registry.manifests.keys()].join(', ')}`);
    assert.equal(manifest.layers.length, 2, 'one layer that stays when only the operator changes, and one for the operator');
    assert.deepEqual(
      [manifest.config, ...manifest.layers].filter(({ digest }) => !registry.blobs.has(digest)),
      [],
    );
  });
});
