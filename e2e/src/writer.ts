/**
 * A client that writes 20 times a second, as an application would: one connection, a new one when it breaks. It knows which rows were
 * acknowledged, so that afterwards one can ask whether any was lost, and it knows the longest time without an acknowledgement.
 */
import { performance } from 'node:perf_hooks';
import { Client, type ClientConfig } from 'pg';

export interface WriterReport {
  readonly acknowledged: number;
  /** Attempts that failed: each may or may not have been carried out. */
  readonly failed: number;
  /** Longest time between two acknowledgements in a row. */
  readonly gapMs: number;
  /** Acknowledged rows that are not in the table. */
  readonly lost: readonly number[];
  /** Messages of the failures, each once. */
  readonly errors: readonly string[];
}

export interface Writer extends AsyncDisposable {
  /** Rows acknowledged so far. */
  readonly acknowledged: number;
  /** Time since the last acknowledgement. */
  readonly silentMs: number;
  /** Resolves after `count` more acknowledgements; rejects after `limitMs` with what went wrong last. */
  readonly waitFor: (count: number, limitMs: number) => Promise<void>;
  /** Forgets the gaps so far. */
  readonly resetGap: () => void;
  /** Ends writing and counts. Reads through a connection of its own, so the primary must be there. */
  readonly finish: () => Promise<WriterReport>;
}

const intervalMs = 50;
/** How long a first and a last connection are tried for. */
const connectLimitMs = 30_000;
/** An answer that takes longer is given up: the server may be gone without a word. */
const answerWithinMs = 1000;

/** Starts writing through `connection` into a table of its own. */
export const startWriter = async (connection: ClientConfig, table = 'written'): Promise<Writer> => {
  const options: ClientConfig = {
    ...connection,
    connectionTimeoutMillis: answerWithinMs,
    query_timeout: answerWithinMs,
    application_name: 'writer',
  };
  const acknowledged: number[] = [];
  const errors = new Set<string>();
  let failed = 0;
  let gapMs = 0;
  let lastAt = performance.now();
  const stopping = new AbortController();
  let client: Client | undefined;

  const connect = async (): Promise<Client> => {
    const made = new Client(options);
    // Without a listener an error of an idle connection ends the process; the next write meets it anyway.
    made.on('error', () => {});
    await made.connect();
    return made;
  };
  const drop = (): void => {
    const dropped = client;
    client = undefined;
    // A server that is gone answers no goodbye.
    void dropped?.end().catch(() => {});
  };

  /** Before and after the writing a single attempt that times out says nothing about the cluster. */
  const connectWithin = async (limitMs: number): Promise<Client> => {
    const deadline = performance.now() + limitMs;
    for (;;) {
      try {
        return await connect();
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, intervalMs));
      }
    }
  };

  const setup = await connectWithin(connectLimitMs);
  await setup.query(`CREATE TABLE IF NOT EXISTS ${table} (id bigint PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp())`);
  await setup.query(`TRUNCATE ${table}`);
  await setup.end();

  const running = (async () => {
    for (let id = 1; !stopping.signal.aborted; id++) {
      const startedAt = performance.now();
      try {
        client ??= await connect();
        await client.query(`INSERT INTO ${table} (id) VALUES ($1)`, [id]);
        const now = performance.now();
        gapMs = Math.max(gapMs, now - lastAt);
        lastAt = now;
        acknowledged.push(id);
      } catch (error) {
        failed += 1;
        errors.add(error instanceof Error ? error.message : String(error));
        drop();
      }
      const rest = intervalMs - (performance.now() - startedAt);
      if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
    }
  })();

  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
    drop();
  };

  return {
    get acknowledged() {
      return acknowledged.length;
    },
    get silentMs() {
      return performance.now() - lastAt;
    },
    waitFor: async (count, limitMs) => {
      const wanted = acknowledged.length + count;
      const deadline = performance.now() + limitMs;
      while (acknowledged.length < wanted) {
        if (performance.now() > deadline) {
          throw new Error(
            `only ${acknowledged.length} of ${wanted} rows were acknowledged within ${limitMs} ms; last errors: ${[...errors].slice(-3).join('; ')}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, intervalMs));
      }
    },
    resetGap: () => {
      gapMs = 0;
      lastAt = performance.now();
    },
    finish: async () => {
      await stop();
      const reader = await connectWithin(connectLimitMs);
      try {
        const { rows } = await reader.query<{ id: string }>(`SELECT id FROM ${table}`);
        const present = new Set(rows.map(({ id }) => Number(id)));
        return {
          acknowledged: acknowledged.length,
          failed,
          gapMs: Math.round(Math.max(gapMs, 0)),
          lost: acknowledged.filter((id) => !present.has(id)),
          errors: [...errors],
        };
      } finally {
        await reader.end();
      }
    },
    [Symbol.asyncDispose]: stop,
  };
};
