/** The table of every field of all kinds, and how far it is carried out: docs/support.md. */
import { allPaths, customResources } from '@pgherd/api/schema';
import { dialects, stateOf, type FieldState } from '@pgherd/engine';
import { table } from './markdown.ts';

const words = (state: FieldState): string => {
  switch (state.kind) {
    case 'carriedOut':
      return 'yes';
    case 'partly':
      return 'in part: see below';
    case 'withoutEffect':
      return 'without effect, as in the original';
    case 'missing':
      return 'not yet';
    case 'missingFeature':
      return `not yet: ${state.what}`;
    default:
      return state satisfies never;
  }
};

const introduction = `# What is carried out

<!-- Made by packages/operator/scripts/generate.ts: do not edit. -->

Every field of both kinds of manifests is accepted. One that is not carried out yet and asks for something shows as condition \`NotYetSupported\`
of the cluster, with its path; where running without it would do harm, nothing is made, and the condition says so. \`[]\` stands for each item of
a list, \`.*\` for each member of a map.
`;

/** The whole page. */
export const supportPage = (): string => {
  const sections = customResources.map(({ names: { kind }, schema }) => {
    const dialect = dialects.find(({ resource }) => resource.kind === kind);
    if (dialect === undefined) throw new Error(`no dialect reads ${kind}`);
    const fields = allPaths(schema).filter(({ path }) => path.startsWith('spec.'));
    const rows = fields.map(({ path }) => [`\`${path}\``, words(stateOf(dialect.support, path.slice('spec.'.length)))]);
    return `## ${kind} (${dialect.resource.group})\n\n${table([['Field', 'Carried out'], ...rows])}\n`;
  });
  return [introduction, ...sections].join('\n');
};
