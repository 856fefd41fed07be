/** Nodes that take no more pods, because somebody empties them. To know of them is of use and not needed: where they may not be watched, nobody does. */
import { createInformer, ForbiddenError, kinds, resourceType, type Client, type KubernetesObject } from '@pgherd/kube';

interface Node extends KubernetesObject {
  readonly spec?: { readonly unschedulable?: boolean; readonly taints?: readonly { readonly key?: string }[] };
}

/** Who removes nodes by itself may do without a cordon: Cluster Autoscaler (utils/taints) and Karpenter (pkg/apis/v1) mark them like this. */
const removalTaints: ReadonlySet<string> = new Set(['ToBeDeletedByClusterAutoscaler', 'karpenter.sh/disrupted']);

const isClosed = ({ spec }: Node): boolean =>
  spec?.unschedulable === true || spec?.taints?.some(({ key = '' }) => removalTaints.has(key)) === true;

export interface ClosedNodes {
  /** Undefined while they are not known, or may not be. */
  readonly names: () => ReadonlySet<string> | undefined;
  /** Calls with the name of each node that closes from now on, or is closed already. */
  readonly onClosed: (handler: (node: string) => void) => void;
  /** Watches until the signal aborts, or nodes turn out to be none of the operator's business. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/** `onError` is told of what went wrong; of a ForbiddenError once, and then nothing more is tried. */
export const newClosedNodes = (client: Pick<Client, 'list' | 'watch'>, onError: (error: Error) => void): ClosedNodes => {
  const forbidden = new AbortController();
  let closed: ReadonlySet<string> = new Set();
  const informer = createInformer<Node>({
    client,
    type: resourceType<Node>(kinds.nodes),
    // A node is large, and one among thousands: what is kept is its name and whether it is closed.
    transform: (node) => {
      const { name, uid, resourceVersion } = node.metadata;
      const metadata = { name, ...(uid !== undefined && { uid }), ...(resourceVersion !== undefined && { resourceVersion }) };
      return { apiVersion: 'v1', kind: 'Node', metadata, ...(isClosed(node) && { spec: { unschedulable: true } }) };
    },
    onError: (error) => {
      if (forbidden.signal.aborted) return;
      onError(error);
      if (error instanceof ForbiddenError) forbidden.abort(error);
    },
  });
  const handlers: ((node: string) => void)[] = [];
  informer.addHandler(({ kind, object }) => {
    const { name } = object.metadata;
    const wasClosed = closed.has(name);
    const closes = kind !== 'deleted' && isClosed(object);
    if (closes === wasClosed) return;
    const others = [...closed].filter((other) => other !== name);
    closed = new Set(closes ? [...others, name] : others);
    if (closes) for (const handler of handlers) handler(name);
  });
  return {
    names: () => (informer.synced && !forbidden.signal.aborted ? closed : undefined),
    onClosed: (handler) => {
      for (const name of closed) handler(name);
      handlers.push(handler);
    },
    run: async (signal) => {
      try {
        await informer.run(AbortSignal.any([signal, forbidden.signal]));
      } catch (error) {
        if (!forbidden.signal.aborted) throw error;
      }
    },
  };
};
