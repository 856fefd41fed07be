/** Watches: replay of the history from a resource version, live changes, bookmarks, and the initial events of WatchList (KEP-3157). */
import type { ServerResponse } from 'node:http';
import { ApiFailure } from './apiFailure.ts';
import type { JsonObject } from './json.ts';
import { represent, selectionOf, versioned } from './reads.ts';
import type { Representation } from './reads.ts';
import type { RequestTarget } from './requestTarget.ts';
import type { Selector } from './selectors.ts';
import { apiVersionOf, resourceOf } from './servedKinds.ts';
import type { Change, Storage } from './storage.ts';

export interface Watches {
  /** Answers a watch request; the answer ends when the watch does. */
  start(target: RequestTarget, representation: Representation, response: ServerResponse): void;
  /** Sends a bookmark to every watch that wants them. */
  bookmark(): void;
  /** Ends all watches, as the server does when their time is up. */
  endAll(): void;
  /** How many watches are open. */
  count(): number;
}

interface Watch {
  readonly bookmark: () => void;
  readonly end: () => void;
}

export function createWatches(storage: Storage): Watches {
  const open = new Set<Watch>();

  function start(target: RequestTarget, representation: Representation, response: ServerResponse): void {
    const { kind, query } = target;
    const resource = resourceOf(kind);
    const selects = selectionOf(target);
    const wantsBookmarks = query.get('allowWatchBookmarks') === 'true';
    const initial = initialEvents(target);
    const send = (type: string, object: JsonObject): void => void response.write(`${JSON.stringify({ type, object })}\n`);
    const sendObject = (type: string, object: JsonObject): void => send(type, represent(versioned(kind, object), representation));
    const bookmark = (annotations?: JsonObject): void => {
      const metadata = { resourceVersion: String(storage.revision()), ...(annotations === undefined ? {} : { annotations }) };
      send('BOOKMARK', represent({ kind: kind.kind, apiVersion: apiVersionOf(kind), metadata }, representation));
    };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const from = Number(query.get('resourceVersion') ?? 0);
    if (from === 0 || initial) {
      for (const object of storage.list(resource).filter(selects)) sendObject('ADDED', object);
      if (initial) bookmark({ 'k8s.io/initial-events-end': 'true' });
    } else {
      const missed = storage.since(from);
      if (missed === undefined) {
        send('ERROR', new ApiFailure(410, 'Expired', `too old resource version: ${from} (${storage.revision()})`).status);
        response.end();
        return;
      }
      for (const change of missed) deliver(change);
    }

    function deliver(change: Change): void {
      if (change.resource !== resource) return;
      const event = selectedChange(change, selects);
      if (event !== undefined) sendObject(event.type, event.object);
    }

    const subscription = storage.subscribe(deliver);
    const seconds = Number(query.get('timeoutSeconds') ?? 0);
    const timer = seconds > 0 ? setTimeout(() => response.end(), seconds * 1000).unref() : undefined;
    const watch: Watch = {
      bookmark: () => {
        if (wantsBookmarks) bookmark();
      },
      end: () => void response.end(),
    };
    open.add(watch);
    response.on('close', () => {
      subscription[Symbol.dispose]();
      clearTimeout(timer);
      open.delete(watch);
    });
  }

  return {
    start,
    bookmark: () => open.forEach((watch) => watch.bookmark()),
    endAll: () => open.forEach((watch) => watch.end()),
    count: () => open.size,
  };
}

/** @throws {ApiFailure} 422 if initial events are asked for in a way that the real server refuses. */
function initialEvents(target: RequestTarget): boolean {
  const asked = target.query.get('sendInitialEvents');
  const match = target.query.get('resourceVersionMatch');
  const wrong = (field: string, message: string): ApiFailure =>
    new ApiFailure(422, 'Invalid', `ListOptions.meta.k8s.io "" is invalid: ${field}: ${message}`, {
      group: 'meta.k8s.io',
      kind: 'ListOptions',
      causes: [{ reason: 'FieldValueForbidden', message, field }],
    });
  if (asked === null) {
    if (match !== null)
      throw wrong('resourceVersionMatch', 'Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
    return false;
  }
  if (match !== 'NotOlderThan')
    throw wrong('resourceVersionMatch', 'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  return asked === 'true';
}

/** A change as a watch with a selector sees it: leaving the selection is a deletion, entering it an addition. */
function selectedChange(change: Change, selects: Selector): { readonly type: string; readonly object: JsonObject } | undefined {
  const now = change.type !== 'DELETED' && selects(change.object);
  const before = change.previous !== undefined && selects(change.previous);
  if (now) return { type: before ? 'MODIFIED' : 'ADDED', object: change.object };
  return before ? { type: 'DELETED', object: change.object } : undefined;
}
