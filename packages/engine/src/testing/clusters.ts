/**
 * Clusters for tests, read from real manifests. The fixtures are what kustomize makes of examples/gitops/overlays/*, as the API server holds it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Manifest } from '../dialects/manifest.ts';
import { postgresCluster } from '../dialects/crunchy/dialect.ts';
import { postgresql } from '../dialects/zalando/dialect.ts';
import type { Cluster, Finding } from '../model/cluster.ts';
import type { EngineConfiguration } from '../observation.ts';

/** 2026-01-01. */
export const testNowMs = Date.UTC(2026, 0, 1);

export const testConfiguration: EngineConfiguration = {
  postgresImages: { 15: 'registry.example/postgres:15', 17: 'registry.example/postgres:17' },
  backupImage: 'registry.example/postgres:17',
  clusterDomain: 'cluster.local',
  openshift: false,
  maintenanceWindows: undefined,
};

export const fixtureNames = ['dev', 'qa', 'prod'] as const;

/** The overlay's manifest; a fresh copy each time. */
export const fixtureManifest = (overlay: (typeof fixtureNames)[number]): Manifest =>
  parse(readFileSync(join(import.meta.dirname, 'fixtures', `${overlay}.yaml`), 'utf8')) as Manifest;

/** A manifest of examples/zalando as the API server holds it; a fresh copy each time. */
export const postgresqlManifest = (example: 'minimal' | 'complete' = 'minimal'): Manifest => {
  const path = join(import.meta.dirname, `../../../../examples/zalando/${example}.yaml`);
  const manifest = parse(readFileSync(path, 'utf8')) as Manifest;
  return {
    ...manifest,
    metadata: { ...manifest.metadata, namespace: 'postgres', uid: '5f0b7d52-7a52-4a6f-9a55-0f0d2c6f0002', generation: 1 },
  };
};

/** The cluster and its findings, from such a manifest whose spec `change` may alter. */
export const postgresqlFixture = (
  example: 'minimal' | 'complete' = 'minimal',
  change: (spec: Readonly<Record<string, unknown>>) => unknown = (spec) => spec,
  configuration: EngineConfiguration = testConfiguration,
): { readonly cluster: Cluster; readonly findings: readonly Finding[] } =>
  postgresql.read(withSpec(postgresqlManifest(example), change), configuration, testNowMs);

/** The manifest with its `spec` replaced by `change` of it. */
export const withSpec = (manifest: Manifest, change: (spec: Readonly<Record<string, unknown>>) => unknown): Manifest => ({
  ...manifest,
  spec: change((manifest.spec ?? {}) as Readonly<Record<string, unknown>>),
});

/** A cluster and its findings, from an overlay whose spec `change` may alter. */
export const fixtureCluster = (
  overlay: (typeof fixtureNames)[number] = 'dev',
  change: (spec: Readonly<Record<string, unknown>>) => unknown = (spec) => spec,
  configuration: EngineConfiguration = testConfiguration,
): { readonly cluster: Cluster; readonly findings: readonly Finding[] } =>
  postgresCluster.read(withSpec(fixtureManifest(overlay), change), configuration, testNowMs);
