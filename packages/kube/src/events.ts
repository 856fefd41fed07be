/**
 * Writes core/v1 Events about objects, which `kubectl describe` shows.
 *
 * The same event again (same object, type, reason and message) raises the count of the one that is there. An object that has too much to say is
 * throttled, many different messages for one reason become one, and whatever goes wrong is told to a hook only: events are a comfort, and no pass
 * fails or waits because of them.
 */
import { randomBytes } from 'node:crypto';
import type { Client } from './client.ts';
import type { Clock } from './clock.ts';
import { sleep, systemClock } from './clock.ts';
import { messageOf, NotFoundError } from './errors.ts';
import { kinds } from './kinds.ts';
import type { KubernetesObject } from './objects.ts';

export interface EventMessage {
  readonly type: 'Normal' | 'Warning';
  /** UpperCamelCase, for machines. */
  readonly reason: string;
  /** For people. Cut at 1024 bytes, the API's limit. */
  readonly message: string;
}

export interface EventRecorderOptions {
  readonly client: Pick<Client, 'create' | 'patch'>;
  /** Name of the controller, shown as the source. */
  readonly component: string;
  /** Name of this process, for example its pod. */
  readonly instance: string;
  readonly clock?: Clock | undefined;
  /** An event was not written: the API refused, the object is throttled, or too many wait. */
  readonly onDropped?: ((reason: string, event: EventMessage) => void) | undefined;
}

export interface EventRecorder extends AsyncDisposable {
  /** Returns at once. */
  record(object: KubernetesObject, event: EventMessage): void;
  /** Resolves when everything recorded so far is written or dropped. */
  flush(): Promise<void>;
}

const messageLimitBytes = 1024;
const longestQueue = 1000;
/** Events that are remembered to raise their count; the server forgets events after an hour. */
const rememberedEvents = 2000;
const rememberedForMs = 10 * 60_000;
/**
 * As client-go 0.34 (`tools/record/events_cache.go`), at most 25 at once, then one in five minutes, and 10 similar ones become one; but for an object
 * and a reason, not for an object alone: what happens once must not be kept back by what comes and goes.
 */
const burst = 25;
const refillMs = 300_000;
const similarLimit = 10;
const flushLimitMs = 5_000;

interface Known {
  readonly name: string;
  readonly firstTimestamp: string;
  count: number;
  seenAt: number;
}

interface Pending {
  readonly object: KubernetesObject;
  readonly event: EventMessage;
  readonly at: string;
  times: number;
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, component, instance } = options;
  const clock = options.clock ?? systemClock;
  const known = new Map<string, Known>();
  const pending = new Map<string, Pending>();
  const talkers = new Map<string, { tokens: number; filledAt: number }>();
  const messages = new Map<string, { readonly texts: Set<string>; since: number }>();
  const stop = new AbortController();
  let sending: Promise<void> | undefined;

  function mayTalk(object: KubernetesObject, { reason }: EventMessage): boolean {
    const key = JSON.stringify([idOf(object), reason]);
    const now = clock.elapsed();
    const talker = talkers.get(key) ?? { tokens: burst, filledAt: now };
    talker.tokens = Math.min(burst, talker.tokens + (now - talker.filledAt) / refillMs);
    talker.filledAt = now;
    remember(talkers, key, talker);
    if (talker.tokens < 1) return false;
    talker.tokens -= 1;
    return true;
  }

  /** The event itself, or one that stands for it when its reason came with too many messages. */
  function aggregated(object: KubernetesObject, event: EventMessage): EventMessage {
    const key = JSON.stringify([idOf(object), event.type, event.reason]);
    let seen = messages.get(key);
    if (seen === undefined || clock.elapsed() - seen.since > rememberedForMs) seen = { texts: new Set(), since: clock.elapsed() };
    remember(messages, key, seen);
    if (seen.texts.size < similarLimit || seen.texts.has(event.message)) {
      seen.texts.add(event.message);
      return event;
    }
    return { ...event, message: '(more events with this reason and other messages)' };
  }

  function remember<V>(map: Map<string, V>, key: string, value: V): void {
    map.delete(key);
    map.set(key, value);
    if (map.size > rememberedEvents) for (const oldest of map.keys()) return void map.delete(oldest);
  }

  async function send(key: string, { object, event, at, times }: Pending): Promise<void> {
    const namespace = object.metadata.namespace ?? 'default';
    const before = known.get(key);
    if (before !== undefined && clock.elapsed() - before.seenAt < rememberedForMs) {
      before.count += times;
      before.seenAt = clock.elapsed();
      remember(known, key, before);
      const body = { count: before.count, lastTimestamp: at };
      try {
        await client.patch(kinds.events, { namespace, name: before.name }, { kind: 'merge', body }, { signal: stop.signal });
        return;
      } catch (error) {
        if (!(error instanceof NotFoundError)) throw error;
        // The server has forgotten it: begin anew.
      }
    }
    const { apiVersion, kind, metadata } = object;
    const name = `${metadata.name.slice(0, 200)}.${randomBytes(8).toString('hex')}`;
    await client.create(
      kinds.events,
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name, namespace },
        involvedObject: {
          apiVersion,
          kind,
          name: metadata.name,
          namespace: metadata.namespace,
          uid: metadata.uid,
          resourceVersion: metadata.resourceVersion,
        },
        type: event.type,
        reason: event.reason,
        message: event.message,
        source: { component },
        reportingComponent: component,
        reportingInstance: instance,
        firstTimestamp: at,
        lastTimestamp: at,
        count: times,
      } as KubernetesObject,
      { signal: stop.signal },
    );
    remember(known, key, { name, firstTimestamp: at, count: times, seenAt: clock.elapsed() });
  }

  async function sendAll(): Promise<void> {
    for (;;) {
      const [first] = pending;
      if (first === undefined) return;
      const [key, item] = first;
      pending.delete(key);
      try {
        await send(key, item);
      } catch (error) {
        options.onDropped?.(messageOf(error), item.event);
      }
    }
  }

  return {
    record(object, raw) {
      const event = aggregated(object, { ...raw, message: cut(raw.message) });
      const key = JSON.stringify([idOf(object), event.type, event.reason, event.message]);
      const waiting = pending.get(key);
      if (waiting !== undefined) {
        waiting.times += 1;
        return;
      }
      if (stop.signal.aborted || pending.size >= longestQueue || !mayTalk(object, event)) {
        options.onDropped?.(stop.signal.aborted ? 'the recorder is closed' : 'too many events', event);
        return;
      }
      pending.set(key, { object, event, at: new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z'), times: 1 });
      sending ??= sendAll().finally(() => {
        sending = undefined;
      });
    },
    async flush() {
      await sending;
    },
    async [Symbol.asyncDispose]() {
      const limit = new AbortController();
      await Promise.race([this.flush(), sleep(clock, flushLimitMs, limit.signal).catch(() => undefined)]);
      limit.abort(new Error('flushed'));
      pending.clear();
      stop.abort(new Error('the event recorder is closed'));
    },
  };
}

function idOf({ apiVersion, kind, metadata }: KubernetesObject): string {
  return JSON.stringify([apiVersion, kind, metadata.namespace, metadata.name, metadata.uid]);
}

/** Cuts between characters. */
function cut(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= messageLimitBytes) return message;
  return `${new TextDecoder().decode(bytes.subarray(0, messageLimitBytes - 4), { stream: true })}…`;
}
