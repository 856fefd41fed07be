/**
 * The stamps that pgherd leaves on what it makes. They are pgherd's own, the same for every dialect.
 */
export const stamps = {
  /** Hash of what manifest and explicit operator configuration ask of a pod; on pod templates. */
  inputs: 'pgherd.dev/inputs',
  /** Version of the renderer that made it; on every child and pod template. Its absence marks another operator's work. */
  rendering: 'pgherd.dev/rendering',
  /** Hash of what was applied; on every child, written by act. */
  applied: 'pgherd.dev/applied',
  /** On a cluster: what stays when it is deleted (`data`, `backups`, `all`). */
  retain: 'pgherd.dev/retain',
  /** On a data volume that outlives its cluster: its member led when the cluster was deleted at this time, RFC 3339. */
  ledUntil: 'pgherd.dev/led-until',
  /** On a cluster whose children another operator made: `"true"` lets pgherd take it over. */
  adopt: 'pgherd.dev/adopt',
  /** On Patroni's failover object: when a switchover was asked for last (RFC 3339), and which pod led then. */
  switchoverAsked: 'pgherd.dev/switchover-asked',
  /** On Patroni's configuration: when we wrote it last (RFC 3339). */
  configuredAt: 'pgherd.dev/configured-at',
  /** On a pod: when its PostgreSQL was to be restarted last, the how many-th time, and for which configuration. */
  restartAsked: 'pgherd.dev/restart-asked',
  /** On a cluster: a new value restarts its members, one after the other. On pod templates: the value that they were made for. */
  restart: 'pgherd.dev/restart',
  /** On a cluster: a new value lets pending renderings roll out. */
  rollout: 'pgherd.dev/rollout',
  /** On a StatefulSet: the rendering that it got because a maintenance window was open, so that its pods keep to windows, too. */
  renderedInWindow: 'pgherd.dev/rendered-in-window',
  /** On a cluster: when it may be disturbed. */
  maintenanceWindows: 'pgherd.dev/maintenance-windows',
  /** On a cluster: whether what its owner changes keeps to the windows, too (`all`, default `own`). */
  maintenanceScope: 'pgherd.dev/maintenance-scope',
} as const;

/** Raised with every change of rendering that would give an unchanged manifest another pod; stamps.test.ts notices. */
export const renderingVersion = '1';

export const fieldManager = { children: 'pgherd', status: 'pgherd-status' } as const;
