/**
 * The operator's metrics. Those of the loop, the queue, the client and the election have the names that controller-runtime gives them, so that
 * dashboards made for other operators work; `pgherd_` ones are ours.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from '@prometheus-io/client';

const latencyBucketsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const queueBucketsSeconds = [10e-6, 100e-6, 0.001, 0.01, 0.1, 1, 10, 100];

export interface Metrics {
  readonly registry: Registry;
  readonly reconciled: (controller: string, result: 'success' | 'error' | 'requeue' | 'requeue_after', durationMs: number) => void;
  readonly requested: (verb: string, code: string, host: string, durationMs: number) => void;
  readonly queueDepth: (name: string, depth: number) => void;
  readonly queueAdded: (name: string) => void;
  readonly queueRetried: (name: string) => void;
  readonly queueWaited: (name: string, durationMs: number) => void;
  readonly queueWorked: (name: string, durationMs: number) => void;
  readonly leading: (name: string, leads: boolean) => void;
  readonly wrote: (verb: string, kind: string) => void;
}

export const newMetrics = (): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const reconcileTotal = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Passes by controller and result',
    labelNames: ['controller', 'result'] as const,
    registers,
  });
  const reconcileErrors = new Counter({
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Passes that failed',
    labelNames: ['controller'] as const,
    registers,
  });
  const reconcileTime = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Length of passes',
    labelNames: ['controller'] as const,
    buckets: latencyBucketsSeconds,
    registers,
  });
  const requests = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the API server',
    labelNames: ['code', 'host', 'method'] as const,
    registers,
  });
  const requestTime = new Histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'Length of requests to the API server',
    labelNames: ['verb', 'host'] as const,
    buckets: latencyBucketsSeconds,
    registers,
  });
  const depth = new Gauge({ name: 'workqueue_depth', help: 'Keys waiting', labelNames: ['name'] as const, registers });
  const adds = new Counter({ name: 'workqueue_adds_total', help: 'Keys added', labelNames: ['name'] as const, registers });
  const retries = new Counter({
    name: 'workqueue_retries_total',
    help: 'Keys added again after a failure',
    labelNames: ['name'] as const,
    registers,
  });
  const waited = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long keys waited',
    labelNames: ['name'] as const,
    buckets: queueBucketsSeconds,
    registers,
  });
  const worked = new Histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'How long keys were worked on',
    labelNames: ['name'] as const,
    buckets: queueBucketsSeconds,
    registers,
  });
  const leader = new Gauge({
    name: 'leader_election_master_status',
    help: '1 while this process leads',
    labelNames: ['name'] as const,
    registers,
  });
  const writes = new Counter({
    name: 'pgherd_writes_total',
    help: 'Writes to the API server by verb and kind; none while everything is as it should be',
    labelNames: ['verb', 'kind'] as const,
    registers,
  });
  return {
    registry,
    reconciled: (controller, result, durationMs) => {
      reconcileTotal.inc({ controller, result });
      if (result === 'error') reconcileErrors.inc({ controller });
      reconcileTime.observe({ controller }, durationMs / 1000);
    },
    requested: (verb, code, host, durationMs) => {
      requests.inc({ code, host, method: verb });
      requestTime.observe({ verb, host }, durationMs / 1000);
    },
    queueDepth: (name, value) => depth.set({ name }, value),
    queueAdded: (name) => adds.inc({ name }),
    queueRetried: (name) => retries.inc({ name }),
    queueWaited: (name, durationMs) => waited.observe({ name }, durationMs / 1000),
    queueWorked: (name, durationMs) => worked.observe({ name }, durationMs / 1000),
    leading: (name, leads) => leader.set({ name }, leads ? 1 : 0),
    wrote: (verb, kind) => writes.inc({ verb, kind }),
  };
};
