import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { createClient, listAll } from './client.ts';
import type { Client } from './client.ts';
import { NotFoundError, ProtocolError, TooManyRequestsError } from './errors.ts';
import { kinds } from './kinds.ts';
import { bodyOf, sendJson, startServer } from './testSupport.ts';
import { createTransport } from './transport.ts';

interface Seen {
  readonly call: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** Runs calls against a server that answers all of them with the same, and gives what it saw. */
async function calls(answer: unknown, run: (client: Client) => Promise<unknown>, httpStatus = 200): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  await using server = await startServer((request, response) => {
    void (async () => {
      const hasBody = request.headers['content-length'] !== undefined;
      seen.push({
        call: `${request.method} ${decodeURIComponent(request.url ?? '')}`,
        headers: request.headers,
        body: hasBody ? await bodyOf(request) : undefined,
      });
      if (typeof answer === 'string') response.writeHead(httpStatus).end(answer);
      else sendJson(response, httpStatus, answer);
    })();
  });
  await using transport = createTransport({ config: server.config, userAgent: 'test/1' });
  await run(createClient(transport));
  return seen;
}

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'n', name: 'a', resourceVersion: '1' } };
const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'x' } };

const requests: Readonly<Record<string, readonly [(client: Client) => Promise<unknown>, call: string]>> = {
  'get of a namespaced object': [(client) => client.get(kinds.pods, { namespace: 'n', name: 'a' }), 'GET /api/v1/namespaces/n/pods/a'],
  'get of a cluster-scoped object': [(client) => client.get(kinds.nodes, { name: 'x' }), 'GET /api/v1/nodes/x'],
  'get of a subresource at a version': [
    (client) => client.get(kinds.statefulSets, { namespace: 'n', name: 'a' }, { subresource: 'scale', resourceVersion: '0' }),
    'GET /apis/apps/v1/namespaces/n/statefulsets/a/scale?resourceVersion=0',
  ],
  'create as a dry run': [
    (client) => client.create(kinds.pods, pod, { dryRun: true, fieldManager: 'm' }),
    'POST /api/v1/namespaces/n/pods?fieldManager=m&dryRun=All',
  ],
  'update of the status': [(client) => client.update(kinds.pods, pod, { subresource: 'status' }), 'PUT /api/v1/namespaces/n/pods/a/status'],
  'a name with characters of a path': [(client) => client.get(kinds.nodes, { name: 'a:b' }), 'GET /api/v1/nodes/a:b'],
};

for (const [name, [run, call]] of Object.entries(requests))
  test(`client: ${name} has its path`, async () => {
    assert.deepEqual(
      (await calls(pod, run)).map((seen) => seen.call),
      [call],
    );
  });

test('client: a name cannot leave its place in the path', async () => {
  const seen = await calls(pod, (client) => client.get(kinds.pods, { namespace: 'n', name: 'a/../../secrets' }));
  assert.equal(seen[0]?.call, 'GET /api/v1/namespaces/n/pods/a/../../secrets');
  await using server = await startServer((_, response) => sendJson(response, 200, pod));
  await using transport = createTransport({ config: server.config, userAgent: 'test/1' });
  await createClient(transport).get(kinds.pods, { namespace: 'n', name: 'a/../b' });
  assert.deepEqual(server.requests, ['GET /api/v1/namespaces/n/pods/a%2F..%2Fb']);
});

test('client: each kind of patch has its media type', async () => {
  const ref = { namespace: 'n', name: 'a' };
  const seen = await calls(pod, async (client) => {
    await client.patch(kinds.pods, ref, { kind: 'json', operations: [{ op: 'remove', path: '/metadata/labels' }] });
    await client.patch(kinds.pods, ref, { kind: 'merge', body: { metadata: { labels: null } } }, { subresource: 'status' });
    await client.apply(kinds.pods, pod, { fieldManager: 'm', force: true, subresource: 'status' });
  });
  assert.deepEqual(
    seen.map(({ call, headers, body }) => [call, headers['content-type'], body]),
    [
      ['PATCH /api/v1/namespaces/n/pods/a', 'application/json-patch+json', [{ op: 'remove', path: '/metadata/labels' }]],
      ['PATCH /api/v1/namespaces/n/pods/a/status', 'application/merge-patch+json', { metadata: { labels: null } }],
      ['PATCH /api/v1/namespaces/n/pods/a/status?fieldManager=m&force=true', 'application/apply-patch+yaml', pod],
    ],
  );
});

test('client: a delete carries its preconditions', async () => {
  const seen = await calls({ kind: 'Status', status: 'Success' }, (client) =>
    client.delete(
      kinds.pods,
      { namespace: 'n', name: 'a' },
      { preconditions: { uid: 'u', resourceVersion: '1' }, propagationPolicy: 'Background', gracePeriodSeconds: 0 },
    ),
  );
  assert.deepEqual(seen[0]?.body, {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions: { uid: 'u', resourceVersion: '1' },
    propagationPolicy: 'Background',
    gracePeriodSeconds: 0,
  });
});

test('client: an eviction that a budget forbids is refused at once', async () => {
  let refusal: unknown;
  const seen = await calls(
    { kind: 'Status', code: 429, reason: 'TooManyRequests', details: { retryAfterSeconds: 10 } },
    (client) => client.evict({ namespace: 'n', name: 'a' }, { gracePeriodSeconds: 3 }).catch((error: unknown) => (refusal = error)),
    429,
  );
  assert.ok(refusal instanceof TooManyRequestsError);
  assert.equal(seen.length, 1);
  assert.equal(seen[0]?.call, 'POST /api/v1/namespaces/n/pods/a/eviction');
  assert.match(JSON.stringify(seen[0]?.body), /"gracePeriodSeconds":3/);
});

test('client: list items get the kind that the server leaves out', async () => {
  const { apiVersion: _, kind: __, ...bare } = pod;
  const answer = { metadata: { resourceVersion: '9', continue: '', remainingItemCount: 0 }, items: [bare] };
  await calls(answer, async (client) => {
    const list = await client.list(kinds.pods, { namespace: 'n', labelSelector: 'a=b,c', fieldSelector: 'metadata.name=a', limit: 1 });
    assert.deepEqual(list, { resourceVersion: '9', remainingItemCount: 0, items: [pod] });
  });
});

test('client: a list of metadata asks for it and keeps the kind of the resource', async () => {
  const answer = {
    metadata: { resourceVersion: '9' },
    items: [{ apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata', metadata: pod.metadata }],
  };
  const seen = await calls(answer, async (client) => {
    assert.deepEqual((await client.list(kinds.pods, { representation: 'metadata' })).items, [pod]);
  });
  assert.equal(seen[0]?.call, 'GET /api/v1/pods');
  assert.match(seen[0]?.headers.accept ?? '', /as=PartialObjectMetadataList/);
});

test('client: all pages of a list come together', async () => {
  await using server = await startServer((request, response) => {
    const isSecond = request.url?.includes('continue=t') === true;
    sendJson(response, 200, {
      metadata: { resourceVersion: '9', ...(isSecond ? {} : { continue: 't' }) },
      items: [{ metadata: { name: isSecond ? 'b' : 'a' } }],
    });
  });
  await using transport = createTransport({ config: server.config, userAgent: 'test/1' });
  const list = await listAll(createClient(transport), kinds.nodes);
  assert.deepEqual(
    list.items.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    ['Node a', 'Node b'],
  );
  assert.deepEqual(server.requests, ['GET /api/v1/nodes?limit=500', 'GET /api/v1/nodes?limit=500&continue=t']);
});

test('client: watch events are told apart, bookmarks and errors among them', async () => {
  const lines = [
    { type: 'ADDED', object: node },
    { type: 'MODIFIED', object: node },
    { type: 'BOOKMARK', object: { metadata: { resourceVersion: '5' } } },
    { type: 'BOOKMARK', object: { metadata: { resourceVersion: '6', annotations: { 'k8s.io/initial-events-end': 'true' } } } },
    { type: 'DELETED', object: node },
    { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } },
  ];
  const seen = await calls(lines.map((line) => `${JSON.stringify(line)}\n`).join(''), async (client) => {
    assert.deepEqual(await Array.fromAsync(client.watch(kinds.nodes, { sendInitialEvents: true, timeoutSeconds: 300 })), [
      { kind: 'added', object: node },
      { kind: 'modified', object: node },
      { kind: 'bookmark', resourceVersion: '5', initialEventsEnd: false },
      { kind: 'bookmark', resourceVersion: '6', initialEventsEnd: true },
      { kind: 'deleted', object: node },
      { kind: 'error', status: { kind: 'Status', code: 410, reason: 'Expired' } },
    ]);
  });
  assert.equal(
    seen[0]?.call,
    'GET /api/v1/nodes?watch=true&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&allowWatchBookmarks=true&timeoutSeconds=300',
  );
});

const nonsense: Readonly<Record<string, string>> = {
  'text that is no JSON': '<html>hidden</html>\n',
  'an event without an object': '{"type":"ADDED"}\n',
  'an unknown event': '{"type":"MOVED","object":{}}\n',
  'an event that is cut': '{"type":"ADDED","obj',
};

for (const [name, text] of Object.entries(nonsense))
  test(`client: ${name} in a watch is an error and not skipped`, async () => {
    await calls(text, (client) =>
      assert.rejects(Array.fromAsync(client.watch(kinds.nodes)), (error: unknown) => {
        assert.ok(error instanceof ProtocolError);
        assert.doesNotMatch(error.message, /hidden/);
        return true;
      }),
    );
  });

test('client: leaving a watch closes its connection', async () => {
  const closed = Promise.withResolvers<void>();
  await using server = await startServer((_, response) => {
    response.once('close', () => closed.resolve());
    response.write(`${JSON.stringify({ type: 'ADDED', object: node })}\n`);
  });
  await using transport = createTransport({ config: server.config, userAgent: 'test/1' });
  for await (const event of createClient(transport).watch(kinds.nodes)) {
    assert.equal(event.kind, 'added');
    break;
  }
  await closed.promise;
});

test('client: a raw call goes where it is told', async () => {
  const seen = await calls({ gitVersion: 'v1.34.4' }, async (client) => {
    const response = await client.raw({ method: 'POST', path: '/version', query: { a: 1, b: undefined }, body: { x: 1 } });
    assert.equal(response.body.toString('utf8'), '{"gitVersion":"v1.34.4"}');
  });
  assert.deepEqual([seen[0]?.call, seen[0]?.body], ['POST /version?a=1', { x: 1 }]);
});

test('client: a missing kind is told apart from a missing object', async () => {
  const kindOf = async (answer: unknown) => {
    let missing: unknown;
    await calls(answer, (client) => client.get(kinds.nodes, { name: 'x' }).catch((error: unknown) => (missing = error)), 404);
    assert.ok(missing instanceof NotFoundError);
    return missing.kindMissing;
  };
  assert.equal(await kindOf({ kind: 'Status', reason: 'NotFound', details: { name: 'x', kind: 'nodes' } }), false);
  assert.equal(await kindOf('404 page not found'), true);
});
