/** JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7386). Neither changes its input. */
import { ApiFailure, badRequest } from './apiFailure.ts';
import { asString, equal, isList, isObject } from './json.ts';
import type { Json, JsonObject, MutableObject } from './json.ts';

export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: MutableObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (value !== undefined) result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** @throws {ApiFailure} 422 if an operation cannot be carried out, a failed `test` included. */
export function jsonPatch(target: JsonObject, operations: Json): JsonObject {
  if (!isList(operations)) throw badRequest('a JSON patch is a list of operations');
  let document: Json = structuredClone(target) as Json;
  for (const operation of operations) {
    if (!isObject(operation)) throw badRequest('an operation of a JSON patch is an object');
    document = step(document, operation);
  }
  return document as JsonObject;
}

function step(document: Json, operation: JsonObject): Json {
  const path = tokens(asString(operation.path));
  const value = operation.value;
  switch (asString(operation.op)) {
    case 'test':
      if (!equal(read(document, path), value)) throw unprocessable(`testing value ${asString(operation.path)} failed`);
      return document;
    case 'add':
      return write(document, path, value ?? null, 'add');
    case 'replace':
      if (read(document, path) === undefined) throw missing('replace', operation.path);
      return write(document, path, value ?? null, 'replace');
    case 'remove':
      if (read(document, path) === undefined) throw missing('remove', operation.path);
      return remove(document, path);
    case 'move':
    case 'copy': {
      const from = tokens(asString(operation.from));
      const moved = read(document, from);
      if (moved === undefined) throw missing(asString(operation.op), operation.from);
      return write(operation.op === 'move' ? remove(document, from) : document, path, moved, 'add');
    }
    default:
      throw badRequest(`Unexpected kind: ${JSON.stringify(operation.op)}`);
  }
}

function unprocessable(message: string): ApiFailure {
  return new ApiFailure(422, 'Invalid', `the server rejected our request due to an error in our request: ${message}`);
}

function missing(operation: string, path: Json | undefined): ApiFailure {
  return unprocessable(`${operation} operation does not apply: doc is missing path: ${asString(path)}`);
}

function tokens(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(value: Json | undefined, path: readonly string[]): Json | undefined {
  let current = value;
  for (const token of path) {
    if (isList(current)) current = current[Number(token)];
    else current = isObject(current) ? current[token] : undefined;
  }
  return current;
}

function write(value: Json | undefined, path: readonly string[], leaf: Json, mode: 'add' | 'replace'): Json {
  const [token, ...rest] = path;
  if (token === undefined) return leaf;
  if (isList(value)) {
    const index = token === '-' ? value.length : Number(token);
    if (!Number.isInteger(index) || index < 0 || index > value.length) throw missing('add', token);
    if (rest.length === 0) return value.toSpliced(index, mode === 'add' ? 0 : 1, leaf);
    return value.with(index, write(value[index], rest, leaf, mode));
  }
  if (!isObject(value)) throw missing('add', token);
  return { ...value, [token]: write(value[token], rest, leaf, mode) };
}

function remove(value: Json | undefined, path: readonly string[]): Json {
  const [token = '', ...rest] = path;
  if (isList(value)) {
    const index = Number(token);
    return rest.length === 0 ? value.toSpliced(index, 1) : value.with(index, remove(value[index], rest));
  }
  const result: MutableObject = { ...(isObject(value) ? value : {}) };
  if (rest.length === 0) delete result[token];
  else result[token] = remove(result[token], rest);
  return result;
}
