/**
 * What is written from sources: the operator's roles for Helm and kustomize (src/access.ts), the definitions that the chart brings and their
 * revisions, the table of options in docs/install.md, and docs/support.md.
 */
import { readFileSync } from 'node:fs';
import { customResourceDefinitions } from '@pgherd/api/crds';
import { hashOf } from '@pgherd/engine';
import { definitionRules, leaseRules, namespacedRules, nodeRules, openshiftRules, type AccessRule } from '../src/access.ts';
import { documentedOptions } from '../src/configuration.ts';
import { table } from './markdown.ts';
import { supportPage } from './support.ts';

const root = new URL('../../../', import.meta.url);
const definitions = 'packages/api/crds';
const installGuide = 'docs/install.md';

const notice = '# Made by packages/operator/scripts/generate.ts: do not edit.';
const account = 'pgherd';
const ownNamespace = 'pgherd';
const leaseName = 'pgherd';

const scalar = (text: string): string => (/^[a-z][a-z0-9./-]*$/.test(text) ? text : `'${text}'`);

const list = (items: readonly string[]): string => `[${items.map(scalar).join(', ')}]`;

const indented = (text: string, spaces: number): string => text.replaceAll(/^/gm, ' '.repeat(spaces));

const rulesText = (rules: readonly AccessRule[]): string =>
  rules
    .map(({ apiGroups, resources, resourceNames, verbs }) =>
      [
        `- apiGroups: ${list(apiGroups)}`,
        `  resources: ${list(resources)}`,
        ...(resourceNames === undefined ? [] : [`  resourceNames: ${list(resourceNames)}`]),
        `  verbs: ${list(verbs)}`,
      ].join('\n'),
    )
    .join('\n');

interface RoleText {
  readonly scope: 'Role' | 'ClusterRole';
  readonly name: string;
  /** Where role and binding live; undefined: the kustomization says it. */
  readonly namespace?: string;
  readonly rules: readonly AccessRule[];
}

/** A role and what binds it to the operator's account. */
const role = ({ scope, name, namespace, rules }: RoleText): string => {
  const metadata = `metadata:\n  name: ${name}\n${namespace === undefined ? '' : `  namespace: ${namespace}\n`}`;
  return `${notice}
apiVersion: rbac.authorization.k8s.io/v1
kind: ${scope}
${metadata}rules:
${indented(rulesText(rules), 2)}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ${scope}Binding
${metadata}roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ${scope}
  name: ${name}
subjects:
  - kind: ServiceAccount
    name: ${account}
    namespace: ${ownNamespace}
`;
};

/** Named templates, so that the chart's roles are laid out by hand and their rules are not. */
const chartRules = (): string => {
  const named: Readonly<Record<string, readonly AccessRule[]>> = {
    namespaced: namespacedRules(),
    nodes: nodeRules(),
    openshift: openshiftRules(),
    lease: leaseRules('{{ .Values.leaseName }}'),
    'definitions.apply': definitionRules('apply'),
    'definitions.check': definitionRules('check'),
  };
  const templates = Object.entries(named).map(
    ([name, rules]) => `{{- define "pgherd.rules.${name}" -}}\n${rulesText(rules)}\n{{- end }}\n`,
  );
  return `{{/* ${notice.slice(2)} */}}\n${templates.join('\n')}`;
};

/** Adds the rules that OpenShift asks for to whichever role gives the operator its namespaces. */
const openshiftPatch = (): string =>
  `${notice}\n${openshiftRules()
    .map((rule) => `- op: add\n  path: /rules/-\n  value:\n${indented(rulesText([rule]).replace('- ', '  '), 2)}\n`)
    .join('')}`;

/** What tells one version of a definition from another, so that the operator need not build it to know. By plural: a name holds the group. */
const revisions = (): string => {
  const lines = customResourceDefinitions().map(({ spec }) => `  ${spec.names.plural}: '${hashOf(spec)}',\n`);
  return `// ${notice.slice(2)}\nexport const definitionRevisions: Readonly<Record<string, string>> = {\n${lines.join('')}};\n`;
};

const optionTable = (): string =>
  table([
    ['Flag', 'Variable', 'Default', 'Meaning'],
    ...documentedOptions().map(({ flag, variable, fallback, help }) => [
      `\`--${flag}\``,
      `\`${variable}\``,
      fallback === '' ? '' : `\`${fallback}\``,
      help.replaceAll('|', '\\|'),
    ]),
  ]);

/** `text` with what is between the two marks of that name replaced. */
const between = (text: string, name: string, content: string): string => {
  const [start, end] = [`<!-- ${name}: made by packages/operator/scripts/generate.ts -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${installGuide} has no place for ${name}: put "${start}" and "${end}" where it belongs`);
  return `${text.slice(0, from)}${start}\n\n${content}\n\n${text.slice(to)}`;
};

/** Path in the checkout and content of everything that is generated here. */
export const outputs = (): ReadonlyMap<string, string> =>
  new Map([
    ['packages/operator/src/generatedRevisions.ts', revisions()],
    ['docs/support.md', supportPage()],
    ['charts/pgherd/templates/_rules.tpl', chartRules()],
    [
      'deploy/base/lease-access.yaml',
      role({ scope: 'Role', name: `${account}-lease`, namespace: ownNamespace, rules: leaseRules(leaseName) }),
    ],
    [
      'deploy/overlays/all-namespaces/access.yaml',
      role({ scope: 'ClusterRole', name: account, rules: [...namespacedRules(), ...nodeRules()] }),
    ],
    ['deploy/namespace-access/access.yaml', role({ scope: 'Role', name: account, rules: namespacedRules() })],
    [
      'deploy/components/apply-crds/access.yaml',
      role({ scope: 'ClusterRole', name: `${account}-definitions`, rules: definitionRules('apply') }),
    ],
    [
      'deploy/components/read-crds/access.yaml',
      role({ scope: 'ClusterRole', name: `${account}-definitions`, rules: definitionRules('check') }),
    ],
    ['deploy/components/openshift/rules.yaml', openshiftPatch()],
    [installGuide, between(readFileSync(new URL(installGuide, root), 'utf8'), 'options', optionTable())],
    // What the operator runs: packages/api may describe a kind before that.
    ...customResourceDefinitions().map(({ metadata }) => {
      const file = `${metadata?.name ?? ''}.yaml`;
      return [`charts/pgherd/crds/${file}`, readFileSync(new URL(`${definitions}/${file}`, root), 'utf8')] as const;
    }),
  ]);
