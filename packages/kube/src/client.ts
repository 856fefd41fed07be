/**
 * Typed calls on the resources of one API server. Knows paths, parameters and media types; what an object means is the caller's business.
 *
 * Every call throws what Transport throws. Objects come as they are on the wire, with `apiVersion` and `kind` filled in where the server leaves
 * them out (items of a list).
 */
import { ProtocolError } from './errors.ts';
import { linesOf } from './lines.ts';
import { apiVersionOf } from './objects.ts';
import type { KubernetesObject, NewObject, ObjectRef, ResourceType, Status } from './objects.ts';
import type { HttpMethod, HttpResponse, Transport } from './transport.ts';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default: the transport's. */
  readonly deadlineMs?: number | undefined;
}

export interface ReadOptions extends CallOptions {
  /** Absent: the newest state; `0`: anything that the server has in its cache. */
  readonly resourceVersion?: string | undefined;
  readonly subresource?: Subresource | undefined;
}

export interface WriteOptions extends CallOptions {
  /** The server checks and answers, but stores nothing. */
  readonly dryRun?: boolean | undefined;
  readonly fieldManager?: string | undefined;
  readonly subresource?: Subresource | undefined;
}

/** Subresources that are objects themselves. */
export type Subresource = 'status' | 'scale';

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Take fields that other managers hold; without it they make a ConflictError. Default false. */
  readonly force?: boolean | undefined;
}

export interface DeleteOptions extends CallOptions {
  readonly dryRun?: boolean | undefined;
  /** Delete only the object that was seen: another uid or resourceVersion makes a ConflictError. */
  readonly preconditions?: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined } | undefined;
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan' | undefined;
  readonly gracePeriodSeconds?: number | undefined;
}

/** Which objects: all that are absent, in all namespaces if `namespace` is absent. */
export interface Selection {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** What of the objects: all, or `metadata` only (PartialObjectMetadata), which spares memory and secrets. */
export type Representation = 'full' | 'metadata';

export interface ListOptions extends Selection, CallOptions {
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan' | undefined;
  readonly representation?: Representation | undefined;
}

export interface ObjectList<T> {
  /** Where a watch may start from. */
  readonly resourceVersion: string;
  /** Token for the next page; absent on the last. */
  readonly continue?: string;
  readonly remainingItemCount?: number;
  readonly items: readonly T[];
}

export interface WatchOptions extends Selection {
  readonly signal?: AbortSignal | undefined;
  readonly resourceVersion?: string | undefined;
  /** WatchList (KEP-3157): ADDED for everything there is, then a bookmark with `initialEventsEnd`. */
  readonly sendInitialEvents?: boolean | undefined;
  /** Default true. */
  readonly allowWatchBookmarks?: boolean | undefined;
  /** After which the server ends the watch. */
  readonly timeoutSeconds?: number | undefined;
  readonly representation?: Representation | undefined;
}

export type WatchEvent<T> =
  | { readonly kind: 'added' | 'modified' | 'deleted'; readonly object: T }
  | {
      readonly kind: 'bookmark';
      readonly resourceVersion: string;
      /** Everything that there was at the start has been sent. */
      readonly initialEventsEnd: boolean;
    }
  | { readonly kind: 'error'; readonly status: Status };

export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly from: string; readonly path: string };

export type Patch =
  { readonly kind: 'json'; readonly operations: readonly JsonPatchOperation[] } | { readonly kind: 'merge'; readonly body: object };

/** A call that the methods below do not cover. */
export interface RawRequest extends CallOptions {
  readonly method: HttpMethod;
  readonly path: string;
  readonly query?: Query | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
  /** For metrics. Default: the method in lower case. */
  readonly verb?: string | undefined;
}

export interface Client {
  readonly transport: Transport;
  get<T extends KubernetesObject>(type: ResourceType<T>, ref: ObjectRef, options?: ReadOptions): Promise<T>;
  list<T extends KubernetesObject>(type: ResourceType<T>, options?: ListOptions): Promise<ObjectList<T>>;
  create<T extends KubernetesObject>(type: ResourceType<T>, object: NoInfer<T> | NewObject, options?: WriteOptions): Promise<T>;
  /** Replaces the object; its metadata.resourceVersion, if set, must still be current. */
  update<T extends KubernetesObject>(type: ResourceType<T>, object: NoInfer<T> | KubernetesObject, options?: WriteOptions): Promise<T>;
  patch<T extends KubernetesObject>(type: ResourceType<T>, ref: ObjectRef, patch: Patch, options?: WriteOptions): Promise<T>;
  /** Server-side apply: creates the object or changes the fields given; fields that this manager applied before and now omits go. */
  apply<T extends KubernetesObject>(type: ResourceType<T>, object: NoInfer<T> | KubernetesObject, options: ApplyOptions): Promise<T>;
  /** Resolves when the server has accepted; finalizers and grace periods go on after it. */
  delete(type: ResourceType, ref: ObjectRef, options?: DeleteOptions): Promise<void>;
  /** Deletes a pod unless a PodDisruptionBudget forbids it: then TooManyRequestsError at once. */
  evict(pod: ObjectRef, options?: DeleteOptions): Promise<void>;
  /** Events as they come. Ends when the server ends the watch; throws ApiError if it is refused, ConnectionError if it breaks. */
  watch<T extends KubernetesObject>(type: ResourceType<T>, options?: WatchOptions): AsyncGenerator<WatchEvent<T>, void, void>;
  raw(request: RawRequest): Promise<HttpResponse>;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Marks the bookmark after the initial events (KEP-3157). */
const initialEventsEndAnnotation = 'k8s.io/initial-events-end';

const metadataList = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const metadataItem = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

/** Path of a collection (no name), an object, or an object's subresource. */
export function pathOf(
  type: ResourceType,
  ref: { readonly namespace?: string | undefined; readonly name?: string | undefined },
  subresource?: string,
): string {
  const group = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const namespace =
    type.namespaced && ref.namespace !== undefined && ref.namespace !== '' ? `/namespaces/${encodeURIComponent(ref.namespace)}` : '';
  const name = ref.name === undefined ? '' : `/${encodeURIComponent(ref.name)}`;
  return `${group}${namespace}/${type.plural}${name}${subresource === undefined ? '' : `/${subresource}`}`;
}

/** `?a=b`, or nothing; undefined values are left out. */
export function queryOf(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

export function createClient(transport: Transport): Client {
  async function call(
    verb: string,
    method: HttpMethod,
    path: string,
    options: CallOptions,
    body?: { readonly value: unknown; readonly contentType?: string },
    accept?: string,
    retries?: number,
  ): Promise<HttpResponse> {
    return transport.request({
      verb,
      method,
      path,
      signal: options.signal,
      deadlineMs: options.deadlineMs,
      accept,
      retries,
      ...(body === undefined ? {} : { body: JSON.stringify(body.value), contentType: body.contentType }),
    });
  }

  return {
    transport,

    async get<T extends KubernetesObject>(type: ResourceType<T>, ref: ObjectRef, options: ReadOptions = {}) {
      const path = pathOf(type, ref, options.subresource) + queryOf({ resourceVersion: options.resourceVersion });
      return objectIn(await call('get', 'GET', path, options), path) as T;
    },

    async list<T extends KubernetesObject>(type: ResourceType<T>, options: ListOptions = {}) {
      const path =
        pathOf(type, { namespace: options.namespace }) +
        queryOf({
          labelSelector: options.labelSelector,
          fieldSelector: options.fieldSelector,
          limit: options.limit,
          continue: options.continue,
          resourceVersion: options.resourceVersion,
          resourceVersionMatch: options.resourceVersionMatch,
        });
      const accept = options.representation === 'metadata' ? metadataList : undefined;
      return listIn<T>(type, await call('list', 'GET', path, options, undefined, accept), path);
    },

    async create<T extends KubernetesObject>(type: ResourceType<T>, object: NoInfer<T> | NewObject, options: WriteOptions = {}) {
      const path = pathOf(type, { namespace: object.metadata.namespace }) + writeQuery(options);
      return objectIn(await call('create', 'POST', path, options, { value: object }), path) as T;
    },

    async update<T extends KubernetesObject>(type: ResourceType<T>, object: NoInfer<T> | KubernetesObject, options: WriteOptions = {}) {
      const path = pathOf(type, object.metadata, options.subresource) + writeQuery(options);
      return objectIn(await call('update', 'PUT', path, options, { value: object }), path) as T;
    },

    async patch<T extends KubernetesObject>(type: ResourceType<T>, ref: ObjectRef, patch: Patch, options: WriteOptions = {}) {
      const path = pathOf(type, ref, options.subresource) + writeQuery(options);
      const body =
        patch.kind === 'json'
          ? { value: patch.operations, contentType: 'application/json-patch+json' }
          : { value: patch.body, contentType: 'application/merge-patch+json' };
      return objectIn(await call('patch', 'PATCH', path, options, body), path) as T;
    },

    async apply<T extends KubernetesObject>(type: ResourceType<T>, object: NoInfer<T> | KubernetesObject, options: ApplyOptions) {
      const path = pathOf(type, object.metadata, options.subresource) + queryOf({ ...writeParameters(options), force: options.force });
      // JSON is YAML.
      return objectIn(
        await call('apply', 'PATCH', path, options, { value: object, contentType: 'application/apply-patch+yaml' }),
        path,
      ) as T;
    },

    async delete(type, ref, options = {}) {
      await call('delete', 'DELETE', pathOf(type, ref), options, { value: deleteBody(options) });
    },

    async evict(pod, options = {}) {
      const path = pathOf({ group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }, pod, 'eviction');
      const metadata = { name: pod.name, namespace: pod.namespace };
      const value = { apiVersion: 'policy/v1', kind: 'Eviction', metadata, deleteOptions: deleteBody(options) };
      // A budget's 429 is an answer, not load: waiting here would only hide it.
      await call('create', 'POST', path, options, { value }, undefined, 0);
    },

    async *watch<T extends KubernetesObject>(type: ResourceType<T>, options: WatchOptions = {}) {
      const path =
        pathOf(type, { namespace: options.namespace }) +
        queryOf({
          watch: true,
          labelSelector: options.labelSelector,
          fieldSelector: options.fieldSelector,
          resourceVersion: options.resourceVersion,
          resourceVersionMatch: options.sendInitialEvents === true ? 'NotOlderThan' : undefined,
          sendInitialEvents: options.sendInitialEvents,
          allowWatchBookmarks: options.allowWatchBookmarks ?? true,
          timeoutSeconds: options.timeoutSeconds,
        });
      const accept = options.representation === 'metadata' ? metadataItem : undefined;
      const stream = await transport.stream({ verb: 'watch', method: 'GET', path, signal: options.signal, accept, retries: 0 });
      try {
        for await (const line of linesOf(stream.chunks)) yield eventIn<T>(type, line);
      } finally {
        stream.close();
      }
    },

    async raw(request) {
      const path = request.path + queryOf(request.query ?? {});
      const body =
        request.body === undefined
          ? undefined
          : { value: request.body, ...(request.contentType === undefined ? {} : { contentType: request.contentType }) };
      return call(request.verb ?? request.method.toLowerCase(), request.method, path, request, body, request.accept);
    },
  };
}

/** All pages of a list. */
export async function listAll<T extends KubernetesObject>(
  client: Client,
  type: ResourceType<T>,
  options: Omit<ListOptions, 'continue'> = {},
): Promise<ObjectList<T>> {
  const items: T[] = [];
  let token: string | undefined;
  for (;;) {
    const page: ObjectList<T> = await client.list(type, { limit: 500, ...options, continue: token });
    items.push(...page.items);
    token = page.continue;
    if (token === undefined) return { resourceVersion: page.resourceVersion, items };
  }
}

function writeParameters(options: WriteOptions): Query {
  return { fieldManager: options.fieldManager, dryRun: options.dryRun === true ? 'All' : undefined };
}

function writeQuery(options: WriteOptions): string {
  return queryOf(writeParameters(options));
}

function deleteBody(options: DeleteOptions): object {
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions: options.preconditions,
    propagationPolicy: options.propagationPolicy,
    gracePeriodSeconds: options.gracePeriodSeconds,
    dryRun: options.dryRun === true ? ['All'] : undefined,
  };
}

function parse(text: Buffer, what: string): unknown {
  try {
    return JSON.parse(text.toString('utf8'));
  } catch {
    // No cause: the parser quotes the text, which may be a Secret.
    throw new ProtocolError(`${what.replace(/\?.*$/, '')}: ${text.length} bytes that are not JSON`);
  }
}

function objectIn(response: HttpResponse, path: string): KubernetesObject {
  return parse(response.body, path) as KubernetesObject;
}

interface WireList<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string; readonly remainingItemCount?: number };
  readonly items?: readonly T[] | null;
}

function listIn<T extends KubernetesObject>(type: ResourceType<T>, response: HttpResponse, path: string): ObjectList<T> {
  const { metadata, items } = parse(response.body, path) as WireList<T>;
  if (metadata === undefined) throw new ProtocolError(`${path.replace(/\?.*$/, '')}: not a list`);
  return {
    resourceVersion: metadata.resourceVersion ?? '',
    ...(metadata.continue === undefined || metadata.continue === '' ? {} : { continue: metadata.continue }),
    ...(metadata.remainingItemCount === undefined ? {} : { remainingItemCount: metadata.remainingItemCount }),
    items: (items ?? []).map((item) => withType(type, item)),
  };
}

/** Puts the kind of the resource on it: list items carry none, PartialObjectMetadata carries its own. */
function withType<T extends KubernetesObject>(type: ResourceType<T>, object: T): T {
  return object.kind === type.kind ? object : { ...object, apiVersion: apiVersionOf(type), kind: type.kind };
}

interface WireEvent {
  readonly type: string;
  readonly object?: KubernetesObject & Status;
}

const eventKinds = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' } as const;

function eventIn<T extends KubernetesObject>(type: ResourceType<T>, line: Buffer): WatchEvent<T> {
  const event = parse(line, `watch of ${type.plural}`) as WireEvent;
  const { object } = event;
  if (object === undefined) throw new ProtocolError(`watch of ${type.plural}: an event without an object`);
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { kind: eventKinds[event.type], object: withType(type, object as unknown as T) };
    case 'BOOKMARK':
      return {
        kind: 'bookmark',
        resourceVersion: object.metadata.resourceVersion ?? '',
        initialEventsEnd: object.metadata.annotations?.[initialEventsEndAnnotation] === 'true',
      };
    case 'ERROR':
      return { kind: 'error', status: object };
    default:
      throw new ProtocolError(`watch of ${type.plural}: unknown event type ${JSON.stringify(event.type)}`);
  }
}
