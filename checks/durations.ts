/** A reporter for node:test that appends the duration of every test to the file named by PGHERD_TEST_DURATIONS, one JSON object a line. */
import { appendFileSync } from 'node:fs';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

export interface TestDuration {
  readonly file: string;
  readonly name: string;
  readonly passed: boolean;
  readonly skipped: boolean;
  readonly durationMs: number;
  /** What a test that failed failed with. */
  readonly error?: string;
}

async function* durations(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const path = process.env['PGHERD_TEST_DURATIONS'];
  for await (const event of source) {
    if (path === undefined || (event.type !== 'test:pass' && event.type !== 'test:fail')) continue;
    if (event.data.details.type === 'suite') continue;
    const line: TestDuration = {
      file: event.data.file ?? '',
      name: event.data.name,
      passed: event.type === 'test:pass',
      skipped: event.data.skip !== undefined && event.data.skip !== false,
      durationMs: event.data.details.duration_ms,
      ...(event.type === 'test:fail' ? { error: inspect(event.data.details.error.cause ?? event.data.details.error) } : {}),
    };
    appendFileSync(path, `${JSON.stringify(line)}\n`);
  }
  yield '';
}

// node:test loads a reporter by its default export.
// oxlint-disable-next-line import/no-default-export
export default durations;
