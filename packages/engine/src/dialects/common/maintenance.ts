/** When a cluster may be disturbed: by its annotations, which win, by a field of the manifest where it has one, or by the operator's default. */
import { parseWindows, windowSyntax, type Maintenance } from '../../model/maintenance.ts';
import { stamps } from '../../stamps.ts';
import type { Manifest } from '../manifest.ts';
import { at, choiceOf, report, shown, textItemsOf, textOf, type Field } from './fields.ts';

/** `own`: its list of windows in UTC, where the manifest has such a field. `operatorWide`: the operator's text, which its start has checked. */
export const maintenanceOf = (
  metadata: Manifest['metadata'],
  findings: Field['findings'],
  operatorWide: string | undefined,
  own?: Field,
): Maintenance | undefined => {
  const annotation = (name: string): Field => at({ path: 'metadata', value: metadata, findings }, 'annotations', name);
  const holdsChanges = choiceOf(annotation(stamps.maintenanceScope), ['own', 'all']) === 'all';
  const windowsOf = (field: Field, text: string): Maintenance => {
    const { wrong, ...parsed } = parseWindows(text);
    if (wrong.length > 0) {
      report(field, {
        kind: 'invalid',
        reason: 'InvalidMaintenanceWindow',
        message: `${wrong.map(shown).join(', ')} ${wrong.length === 1 ? 'is no window' : 'are no windows'}, and until that is corrected there is none at all; ${windowSyntax}`,
      });
    }
    return { ...parsed, source: field.path, holdsChanges };
  };
  const asked = annotation(stamps.maintenanceWindows);
  const text = textOf(asked)?.trim() ?? '';
  if (text !== '') return windowsOf(asked, text);
  const listed = own === undefined ? [] : textItemsOf(own);
  if (own !== undefined && listed.length > 0) return windowsOf(own, listed.join(','));
  if (operatorWide === undefined) return undefined;
  const { windows, timeZone } = parseWindows(operatorWide);
  return { windows, timeZone, source: '--maintenance-windows', holdsChanges };
};
