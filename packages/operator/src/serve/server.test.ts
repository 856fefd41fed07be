import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newMetrics } from './metrics.ts';
import { serve } from './server.ts';

test('server: health and readiness say what is wrong, metrics carry the names that dashboards know', async () => {
  const metrics = newMetrics();
  metrics.reconciled('postgrescluster', 'success', 12);
  metrics.wrote('apply', 'Service');
  let trouble: string | undefined = 'caches are not filled yet';
  await using served = await serve(
    { host: '127.0.0.1', port: 0 },
    {
      healthy: () => undefined,
      ready: () => trouble,
      metrics: async () => ({ contentType: metrics.registry.contentType, text: await metrics.registry.metrics() }),
    },
  );
  const get = async (path: string) => fetch(`http://127.0.0.1:${served.port}${path}`);
  assert.equal((await get('/healthz')).status, 200);
  const unready = await get('/readyz');
  assert.equal(unready.status, 503);
  assert.match(await unready.text(), /caches are not filled yet/);
  trouble = undefined;
  assert.equal((await get('/readyz')).status, 200);
  assert.equal((await get('/other')).status, 404);
  const text = await (await get('/metrics')).text();
  for (const name of [
    'controller_runtime_reconcile_total{',
    'workqueue_depth',
    'rest_client_requests_total',
    'pgherd_writes_total{',
    'process_resident_memory_bytes',
  ]) {
    assert.ok(text.includes(name), name);
  }
});
