/** The files that are made from the schemas, by their path in the checkout. */
import { stringify } from 'yaml';
import { customResourceDefinition } from '../src/crd.ts';
import type { CustomResource } from '../src/crd.ts';
import { postgresCluster } from '../src/crunchy/postgres-cluster.ts';
import type { CustomResourceDefinition } from '../src/kubernetes/generated.types.ts';
import { assertStructural } from '../src/schema/check.ts';
import type { StructuralSchema } from '../src/schema/structural-schema.ts';
import { postgresql } from '../src/zalando/postgresql.ts';
import { referencePage } from './reference.ts';

const resources: readonly CustomResource[] = [postgresCluster, postgresql];

export function outputs(): ReadonlyMap<string, string> {
  return new Map(
    resources.flatMap((resource) => {
      const { names, group } = resource;
      return [
        [`packages/api/crds/${names.plural}.${group}.yaml`, yaml(checked(customResourceDefinition(resource)))],
        [`docs/reference/${names.singular}.md`, referencePage(resource, intro)],
      ];
    }),
  );
}

const intro =
  'Every field, with its type, its default and what is checked. A default is written into the object by the API server; one in italics is not: the field stays absent, and the operator acts as if it were there. Types that begin with “Kubernetes” are those of a pod or a volume claim, as in the Kubernetes documentation.';

function checked(definition: CustomResourceDefinition): CustomResourceDefinition {
  for (const { schema } of definition.spec.versions) assertStructural(schema?.openAPIV3Schema as StructuralSchema);
  return definition;
}

/** Without aliases: not every tool that reads manifests knows them. */
function yaml(value: object): string {
  return `# Made by packages/api/scripts/generate.ts: do not edit.\n${stringify(value, { aliasDuplicateObjects: false, lineWidth: 0, singleQuote: true })}`;
}
