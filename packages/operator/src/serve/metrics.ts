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
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = <Label extends string>(name: string, help: string, labelNames: readonly Label[], buckets: readonly number[]) =>
    new Histogram({ name, help, labelNames, buckets: [...buckets], registers });
  const reconcileTotal = counter('controller_runtime_reconcile_total', 'Passes by controller and result', ['controller', 'result']);
  const reconcileErrors = counter('controller_runtime_reconcile_errors_total', 'Passes that failed', ['controller']);
  const reconcileTime = histogram('controller_runtime_reconcile_time_seconds', 'Length of passes', ['controller'], latencyBucketsSeconds);
  const requests = counter('rest_client_requests_total', 'Requests to the API server', ['code', 'host', 'method']);
  const requestTime = histogram(
    'rest_client_request_duration_seconds',
    'Length of requests to the API server',
    ['verb', 'host'],
    latencyBucketsSeconds,
  );
  const depth = gauge('workqueue_depth', 'Keys waiting', ['name']);
  const adds = counter('workqueue_adds_total', 'Keys added', ['name']);
  const retries = counter('workqueue_retries_total', 'Keys added again after a failure', ['name']);
  const waited = histogram('workqueue_queue_duration_seconds', 'How long keys waited', ['name'], queueBucketsSeconds);
  const worked = histogram('workqueue_work_duration_seconds', 'How long keys were worked on', ['name'], queueBucketsSeconds);
  const leader = gauge('leader_election_master_status', '1 while this process leads', ['name']);
  const writes = counter('pgherd_writes_total', 'Writes to the API server by verb and kind; none while everything is as it should be', [
    'verb',
    'kind',
  ]);
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
