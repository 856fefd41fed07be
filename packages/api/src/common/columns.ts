/** Columns of `kubectl get` that every kind of cluster has. They read what `observed` in status.ts holds. */
import type { PrinterColumn } from '../crd.ts';

export const readyColumn = {
  name: 'Ready',
  type: 'string',
  jsonPath: '.status.readyMembers',
  description: 'Ready and wanted instances',
} as const satisfies PrinterColumn;

/** Under a name of the kind's own: what a column `Status` shows, the original of the kind may have decided. */
export const readyReasonColumn = (name: string): PrinterColumn => ({
  name,
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
  description: 'Why it is ready, or is not',
});

export const primaryColumn = {
  name: 'Primary',
  type: 'string',
  jsonPath: '.status.primary',
  description: 'Instance that is the primary',
} as const satisfies PrinterColumn;

export const serverColumn = {
  name: 'Server',
  type: 'string',
  jsonPath: '.status.serverVersion',
  description: 'Version that the primary runs',
  priority: 1,
} as const satisfies PrinterColumn;
