/** The part of the conformance suite that goes through all kinds: what is stored of a created, an applied and a changed object. */
import { deepStrictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersionOf } from '../objects.ts';
import type { KubernetesObject } from '../objects.ts';
import type { ConformanceServer } from './conformance.ts';
import { comparable, readGolden, writeGolden } from './conformanceGolden.ts';
import { conformanceCases } from './conformanceObjects.ts';
import type { ConformanceCase } from './conformanceObjects.ts';
import type { Json } from './json.ts';

function objectOf(
  conformance: ConformanceCase,
  body: Readonly<Record<string, unknown>>,
  namespace: string,
  name: string,
): KubernetesObject {
  const metadata = { ...(body['metadata'] as object | undefined), name, namespace };
  const object = { ...body, apiVersion: apiVersionOf(conformance.type), kind: conformance.type.kind, metadata };
  return JSON.parse(JSON.stringify(object).replaceAll('<namespace>', namespace)) as KubernetesObject;
}

/** Defines one test a case. `namespace` is that of the run; `record`: writes the golden files instead of comparing with them. */
export function defineKindConformance(namespace: string, server: () => ConformanceServer, record: boolean): void {
  for (const conformance of conformanceCases(namespace)) {
    test(`${conformance.name}: what is stored, defaulted and owned after create, apply and a changed apply`, async () => {
      const { client } = server();
      const seen: Json[] = [];
      const see = (object: unknown): number => seen.push(comparable(object, namespace));
      const created = `${conformance.name}-created`;
      const applied = `${conformance.name}-applied`;
      const options = { fieldManager: 'pgherd' };
      see(await client.create(conformance.type, objectOf(conformance, conformance.object, namespace, created), options));
      see(await client.apply(conformance.type, objectOf(conformance, conformance.object, namespace, applied), options));
      if (conformance.next !== undefined) {
        see(await client.apply(conformance.type, objectOf(conformance, conformance.next, namespace, applied), options));
        see(await client.apply(conformance.type, objectOf(conformance, conformance.next, namespace, created), { ...options, force: true }));
      }
      if (record) await writeGolden(conformance.name, seen);
      deepStrictEqual(seen, await readGolden(conformance.name));
    });
  }
}
