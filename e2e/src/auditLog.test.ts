import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { operatorAgent, writesAltogether, writesIn } from './auditLog.ts';

const event = (userAgent: string, verb: string, resource: string, at: string, code = 200): string =>
  JSON.stringify({
    kind: 'Event',
    verb,
    userAgent,
    objectRef: { resource, ...(resource === 'pods' ? { subresource: 'eviction' } : {}) },
    responseStatus: { code },
    requestReceivedTimestamp: at,
  });

test("audit log: the operator's writes of a span of time are counted, and nobody else's", async () => {
  const logsPath = await mkdtemp(join(tmpdir(), 'pgherd-audit-'));
  try {
    const lines = [
      'I1121 14:00:00.000000  1 server.go:1] "a message of the server"',
      event('pgherd/0.1.0', 'patch', 'statefulsets', '2026-11-21T14:00:00.500000Z'),
      event('pgherd/0.1.0', 'patch', 'statefulsets', '2026-11-21T14:00:01.000000Z'),
      event('pgherd/0.1.0', 'create', 'pods', '2026-11-21T14:00:02.000000Z', 201),
      event('pgherd/0.1.0', 'patch', 'statefulsets', '2026-11-21T14:00:03.000000Z'),
      event('pgherd/0.1.0', 'patch', 'services', '2026-11-21T14:00:02.000000Z', 409),
      event('pgherd-e2e', 'patch', 'services', '2026-11-21T14:00:02.000000Z'),
      event('pgherd/0.1.0', 'patch', 'statefulsets', '2026-11-21T14:00:04.001000Z'),
      event('pgherd/0.1.0', 'patch', 'services', '2026-11-21T14:00:02.000000Z').slice(0, -9),
    ];
    await writeFile(join(logsPath, 'kube-apiserver.log'), lines.join('\n'));
    const writes = await writesIn({ logsPath }, operatorAgent, new Date('2026-11-21T14:00:01Z'), new Date('2026-11-21T14:00:04Z'));
    assert.deepEqual(
      [...writes],
      [
        ['patch statefulsets', 2],
        ['create pods/eviction', 1],
      ],
    );
    assert.equal(writesAltogether(writes), 3);
  } finally {
    await rm(logsPath, { recursive: true });
  }
});
