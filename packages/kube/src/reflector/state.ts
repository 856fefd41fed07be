/**
 * The states of a reflector: how a local copy of a collection is filled and kept up to date. SPEC.md beside this file is the specification.
 *
 *     idle ──start──▶ streaming ──initialEventsEnd──▶ watching ──ended──▶ watching (again, from its version)
 *                        │  ▲                          │    │
 *              refused,  │  └──────────waiting◀─failed─┘    │ expired, silent
 *              silent    ▼             ▲     ▲              ▼
 *                     listing ──failed─┘     └──────────────┘ (then from the start)
 *                        └──last page──▶ watching
 *
 * Nothing here does I/O, reads a clock or draws a random number: `transition` takes time and randomness as arguments and gives the next state
 * together with what the shell must do. At most one request or timer is under way in any state; a transition that names an `activity` ends the
 * present one.
 */

export type ReflectorState =
  | { readonly kind: 'idle' }
  /** A WatchList request is open: its objects are collected aside until the server says that this is all. */
  | { readonly kind: 'streaming'; readonly history: History }
  /** Pages of a list are read and collected aside. Not `paged`: all in one answer, after a page token has expired. */
  | { readonly kind: 'listing'; readonly history: History; readonly paged: boolean }
  /** The copy is complete up to `resourceVersion`, and a watch from there is open. */
  | {
      readonly kind: 'watching';
      readonly history: History;
      readonly resourceVersion: string;
      readonly openedAt: number;
      /** Bookmarks arrive, so that silence means a dead connection and not an idle collection. */
      readonly bookmarks: boolean;
    }
  /** Nothing is open until the timer fires; then comes `next`. */
  | { readonly kind: 'waiting'; readonly history: History; readonly next: Activity }
  | { readonly kind: 'stopped' };

/** What of the past matters for the next decision. */
export interface History {
  /** Failures in a row, that is with less than `healthyAfterMs` between one and the next. */
  readonly failures: number;
  readonly lastFailureAt: number;
  /** The server has refused WatchList: list instead, for good. */
  readonly streamingRefused: boolean;
}

export type ReflectorEvent =
  | { readonly kind: 'start' }
  /** An object was added, modified or deleted. */
  | { readonly kind: 'change'; readonly resourceVersion: string }
  | { readonly kind: 'bookmark'; readonly resourceVersion: string }
  /** The bookmark after the initial events of WatchList. */
  | { readonly kind: 'initialEventsEnd'; readonly resourceVersion: string }
  /** A page of a list came. `token` names the next one. */
  | { readonly kind: 'page'; readonly resourceVersion: string; readonly token: string | undefined }
  /** The server ended the stream as it does when its time is over. */
  | { readonly kind: 'ended' }
  /** 410, reason Expired, or a version that the server has never seen. */
  | { readonly kind: 'expired' }
  /** The server does not understand what was asked for. */
  | { readonly kind: 'refused'; readonly retryAfterMs?: number | undefined }
  /** Anything else went wrong. */
  | { readonly kind: 'failed'; readonly retryAfterMs?: number | undefined }
  /** The watchdog: nothing came for longer than `silenceLimitMs`. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'timer' }
  | { readonly kind: 'stop' };

/** What the shell must have under way after a transition. */
export type Activity =
  /** A WatchList from the newest state; whatever was collected is thrown away. */
  | { readonly kind: 'stream' }
  /** A page of a list of the newest state. Without a token it is the first: whatever was collected is thrown away. */
  | { readonly kind: 'list'; readonly paged: boolean; readonly token: string | undefined }
  | { readonly kind: 'watch'; readonly resourceVersion: string };

/** What the shell must do with what it just received. */
export type Effect =
  /** Put the received objects aside. */
  | { readonly kind: 'collect' }
  /** What was put aside is everything there is: it replaces the copy. */
  | { readonly kind: 'replace'; readonly resourceVersion: string }
  /** Carry the received change over into the copy. */
  | { readonly kind: 'update' }
  /** The copy is complete up to this version. */
  | { readonly kind: 'advance'; readonly resourceVersion: string };

export interface Transition {
  readonly state: ReflectorState;
  readonly effects: readonly Effect[];
  /** Ends what is under way and starts this. */
  readonly activity?: Activity | { readonly kind: 'wait'; readonly delayMs: number } | { readonly kind: 'nothing' };
}

export interface TransitionContext {
  /** Milliseconds on a clock that does not jump. */
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: number;
}

const firstDelayMs = 100;
const longestDelayMs = 30_000;
/** A failure this long after the one before it is the first of its row. */
const healthyAfterMs = 120_000;
/** A watch that ends sooner was no watch, and reopening it at once would spin. */
const shortestWatchMs = 1_000;

/** After which a list is tried, which needs less of the server and of what is in between. */
const failuresBeforeListing = 3;

/** Watches end by themselves after this; spread, so that they do not all end at once. */
export const watchTimeoutSeconds = { least: 300, most: 600 } as const;

export const initialState: ReflectorState = { kind: 'idle' };

const noHistory: History = { failures: 0, lastFailureAt: Number.NEGATIVE_INFINITY, streamingRefused: false };

/** How long an open request may stay without a word before it counts as dead. undefined: the request has its own deadline, or nothing is open. */
export function silenceLimitMs(state: ReflectorState): number | undefined {
  switch (state.kind) {
    case 'streaming':
      return 60_000;
    case 'watching':
      // The API server sends a bookmark every minute (apiserver 0.34 storage/cacher `defaultBookmarkFrequency`).
      return state.bookmarks ? 120_000 : watchTimeoutSeconds.most * 1000 * 1.1;
    case 'idle':
    case 'listing':
    case 'waiting':
    case 'stopped':
      return undefined;
    default:
      return state satisfies never;
  }
}

export function transition(state: ReflectorState, event: ReflectorEvent, context: TransitionContext): Transition {
  if (state.kind === 'stopped') return unchanged(state);
  if (event.kind === 'stop') return { state: { kind: 'stopped' }, effects: [], activity: { kind: 'nothing' } };
  switch (state.kind) {
    case 'idle':
      return event.kind === 'start' ? begin({ kind: 'stream' }, noHistory, context) : unchanged(state);
    case 'waiting':
      return event.kind === 'timer' ? begin(state.next, state.history, context) : unchanged(state);
    case 'streaming':
      return whileStreaming(state, event, context);
    case 'listing':
      return whileListing(state, event, context);
    case 'watching':
      return whileWatching(state, event, context);
    default:
      return state satisfies never;
  }
}

type StateOf<Kind extends ReflectorState['kind']> = Extract<ReflectorState, { kind: Kind }>;

function whileStreaming(state: StateOf<'streaming'>, event: ReflectorEvent, context: TransitionContext): Transition {
  const { history } = state;
  switch (event.kind) {
    case 'change':
      return { state, effects: [{ kind: 'collect' }] };
    case 'initialEventsEnd':
      return {
        state: { kind: 'watching', history, resourceVersion: event.resourceVersion, openedAt: context.nowMs, bookmarks: true },
        effects: [{ kind: 'replace', resourceVersion: event.resourceVersion }],
      };
    case 'refused':
      return begin(firstPage, { ...history, streamingRefused: true }, context);
    case 'silent':
      // WatchList waits until the server's cache is fresh; a list does not need that cache.
      return afterFailure(firstPage, history, context, undefined);
    case 'ended':
    case 'expired':
      return afterFailure(restart(history), history, context, undefined);
    case 'failed':
      return afterFailure(restart(history), history, context, event.retryAfterMs);
    case 'bookmark':
    case 'page':
    case 'start':
    case 'timer':
    case 'stop':
      return unchanged(state);
    default:
      return event satisfies never;
  }
}

function whileListing(state: StateOf<'listing'>, event: ReflectorEvent, context: TransitionContext): Transition {
  const { history } = state;
  switch (event.kind) {
    case 'page': {
      const { resourceVersion } = event;
      if (event.token !== undefined)
        return { state, effects: [{ kind: 'collect' }], activity: { kind: 'list', paged: state.paged, token: event.token } };
      const next = begin({ kind: 'watch', resourceVersion }, history, context);
      return { ...next, effects: [{ kind: 'collect' }, { kind: 'replace', resourceVersion }] };
    }
    case 'expired':
      // The token of a page lives as long as etcd keeps its revision, five minutes: too short for this list, in pages.
      return state.paged
        ? begin({ kind: 'list', paged: false, token: undefined }, history, context)
        : afterFailure(restart(history), history, context, undefined);
    case 'failed':
    case 'refused':
      return afterFailure(restart(history), history, context, event.retryAfterMs);
    case 'ended':
    case 'silent':
    case 'change':
    case 'bookmark':
    case 'initialEventsEnd':
    case 'start':
    case 'timer':
    case 'stop':
      return unchanged(state);
    default:
      return event satisfies never;
  }
}

function whileWatching(state: StateOf<'watching'>, event: ReflectorEvent, context: TransitionContext): Transition {
  const { history } = state;
  switch (event.kind) {
    case 'change':
      return { state: { ...state, resourceVersion: event.resourceVersion }, effects: [{ kind: 'update' }] };
    case 'bookmark':
    case 'initialEventsEnd':
      return {
        state: { ...state, resourceVersion: event.resourceVersion, bookmarks: true },
        effects: [{ kind: 'advance', resourceVersion: event.resourceVersion }],
      };
    case 'ended': {
      const again: Activity = { kind: 'watch', resourceVersion: state.resourceVersion };
      return context.nowMs - state.openedAt < shortestWatchMs
        ? afterFailure(again, history, context, undefined)
        : begin(again, history, context);
    }
    case 'expired':
      return afterFailure(restart(history), history, context, undefined);
    case 'failed':
      return afterFailure({ kind: 'watch', resourceVersion: state.resourceVersion }, history, context, event.retryAfterMs);
    case 'refused':
      // Not the version but the request is at fault; nothing says that the same request will ever be understood, a fresh start may.
      return afterFailure(restart(history), history, context, event.retryAfterMs);
    case 'silent':
      return afterFailure({ kind: 'watch', resourceVersion: state.resourceVersion }, history, context, undefined);
    case 'page':
    case 'start':
    case 'timer':
    case 'stop':
      return unchanged(state);
    default:
      return event satisfies never;
  }
}

const firstPage: Activity = { kind: 'list', paged: true, token: undefined };

/** From the start again: by WatchList, unless the server refused it, or something in between breaks streams again and again. */
function restart(history: History): Activity {
  return history.streamingRefused || history.failures >= failuresBeforeListing ? firstPage : { kind: 'stream' };
}

function unchanged(state: ReflectorState): Transition {
  return { state, effects: [] };
}

/** Starts an activity now. */
function begin(activity: Activity, history: History, context: TransitionContext): Transition {
  switch (activity.kind) {
    case 'stream':
      return { state: { kind: 'streaming', history }, effects: [], activity };
    case 'list':
      return { state: { kind: 'listing', history, paged: activity.paged }, effects: [], activity };
    case 'watch':
      return {
        state: { kind: 'watching', history, resourceVersion: activity.resourceVersion, openedAt: context.nowMs, bookmarks: false },
        effects: [],
        activity,
      };
    default:
      return activity satisfies never;
  }
}

/** Starts an activity after a delay that doubles with each failure in a row, with up to as much again at random. */
function afterFailure(next: Activity, history: History, context: TransitionContext, retryAfterMs: number | undefined): Transition {
  const inARow = context.nowMs - history.lastFailureAt < healthyAfterMs;
  const failures = inARow ? history.failures + 1 : 1;
  const backoffMs = Math.min(firstDelayMs * 2 ** Math.min(failures - 1, 20), longestDelayMs) * (1 + context.random);
  return {
    state: { kind: 'waiting', history: { ...history, failures, lastFailureAt: context.nowMs }, next },
    effects: [],
    activity: { kind: 'wait', delayMs: Math.max(backoffMs, retryAfterMs ?? 0) },
  };
}
