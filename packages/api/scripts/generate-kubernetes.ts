/**
 * Writes src/kubernetes/generated.types.ts and generated.schemas.ts from a Kubernetes API server's OpenAPI.
 *
 *   node packages/api/scripts/generate-kubernetes.ts --from URL|DIRECTORY
 *
 * A URL is one that answers without credentials (`kubectl proxy`); a directory holds the same documents as Kubernetes' own
 * api/openapi-spec/v3, which name no enumerations, so that those types become plain strings: what is committed comes from a live server.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { documents, schemaRoots, typeRoots } from './kubernetes-kinds.ts';
import { schemasModule } from './kubernetes-schemas.ts';
import { typesModule } from './kubernetes-types.ts';
import { fromDirectory, readDefinitions } from './openapi.ts';
import type { ReadDocument } from './openapi.ts';

const { values } = parseArgs({ options: { from: { type: 'string' } } });
if (values.from === undefined) {
  throw new Error('generate-kubernetes: --from is missing: give the URL of an API server, or a directory with its OpenAPI documents');
}

const definitions = await readDefinitions(reader(values.from), documents);
const target = new URL('../src/kubernetes/', import.meta.url);
await writeFile(new URL('generated.types.ts', target), typesModule(definitions, typeRoots));
await writeFile(new URL('generated.schemas.ts', target), schemasModule(definitions, schemaRoots));

function reader(from: string): ReadDocument {
  if (!/^https?:/.test(from)) return fromDirectory(from);
  return async (path) => {
    const response = await fetch(new URL(`/openapi/v3/${path}`, from));
    if (!response.ok) throw new Error(`generate-kubernetes: ${response.url} answered ${response.status}`);
    return response.text();
  };
}
