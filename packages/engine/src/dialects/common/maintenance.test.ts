import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureManifest, postgresqlManifest, testConfiguration, testNowMs, withSpec } from '../../testing/clusters.ts';
import { stamps } from '../../stamps.ts';
import { dialects } from '../index.ts';
import type { Manifest } from '../manifest.ts';
import { postgresCluster } from '../crunchy/dialect.ts';
import { postgresql } from '../zalando/dialect.ts';

const subjects = [
  { dialect: postgresCluster, manifest: fixtureManifest('dev') },
  { dialect: postgresql, manifest: withSpec(postgresqlManifest(), ({ maintenanceWindows: _windows, ...spec }) => spec) },
] as const;

const annotated = (manifest: Manifest, annotations: Readonly<Record<string, string>>): Manifest => ({
  ...manifest,
  metadata: { ...manifest.metadata, annotations: { ...manifest.metadata.annotations, ...annotations } },
});

const night = { weekday: undefined, startMinute: 120, lengthMinutes: 120 };

test('maintenance: every kind of manifest is a subject here', () => {
  assert.deepEqual(
    subjects.map(({ dialect }) => dialect.profile.name),
    dialects.map(({ profile }) => profile.name),
  );
});

for (const { dialect, manifest } of subjects) {
  const reading = (annotations: Readonly<Record<string, string>>, operatorWide?: string, changed = manifest) =>
    dialect.read(annotated(changed, annotations), { ...testConfiguration, maintenanceWindows: operatorWide }, testNowMs);

  test(`maintenance of ${dialect.profile.name}: annotations go before the operator's default, and without either there are no windows`, () => {
    assert.equal(reading({}).cluster.maintenance, undefined);
    assert.deepEqual(reading({}, '02:00-04:00').cluster.maintenance, {
      windows: [night],
      timeZone: 'UTC',
      source: '--maintenance-windows',
      holdsChanges: false,
    });
    const { cluster, findings } = reading(
      { [stamps.maintenanceWindows]: '02:00-04:00 Europe/Berlin', [stamps.maintenanceScope]: 'all' },
      'Sun:00:00-24:00',
    );
    assert.deepEqual(findings, []);
    assert.deepEqual(cluster.maintenance, {
      windows: [night],
      timeZone: 'Europe/Berlin',
      source: `metadata.annotations["${stamps.maintenanceWindows}"]`,
      holdsChanges: true,
    });
  });

  test(`maintenance of ${dialect.profile.name}: what is no window is told, with its place and what one looks like`, () => {
    const { cluster, findings } = reading({ [stamps.maintenanceWindows]: 'nights Europe/Berlin', [stamps.maintenanceScope]: 'mine' });
    assert.deepEqual(cluster.maintenance?.windows, []);
    assert.deepEqual(Object.fromEntries(findings.map(({ reason, path }) => [reason, path])), {
      InvalidMaintenanceWindow: `metadata.annotations["${stamps.maintenanceWindows}"]`,
      InvalidValue: `metadata.annotations["${stamps.maintenanceScope}"]`,
    });
    assert.match(
      findings.map(({ message }) => message).join('\n'),
      /"nights" is no window, and until that is corrected there is none at all; windows are written like/,
    );
  });
}

test('maintenance of postgresql: its field holds where no annotation does', () => {
  const listed = withSpec(postgresqlManifest(), (spec) => ({ ...spec, maintenanceWindows: ['Sat:01:00-06:00', ' 2:00-4:0 '] }));
  const read = (manifest: Manifest) =>
    postgresql.read(manifest, { ...testConfiguration, maintenanceWindows: 'Sun:00:00-24:00' }, testNowMs).cluster.maintenance;
  assert.deepEqual(read(listed), {
    windows: [{ weekday: 6, startMinute: 60, lengthMinutes: 300 }, night],
    timeZone: 'UTC',
    source: 'spec.maintenanceWindows',
    holdsChanges: false,
  });
  assert.deepEqual(read(annotated(listed, { [stamps.maintenanceWindows]: '02:00-04:00' }))?.windows, [night]);
});
