/**
 * Members that a manifest sets to null. `kubectl apply` takes them out of what it sends since Kubernetes 1.31 (pull request 125646), also where null
 * is a value, as in a map of users whose flags are none; the annotation that it leaves still has them. They are put back.
 */
import type { KubernetesObject } from '@pgherd/kube';

const annotation = 'kubectl.kubernetes.io/last-applied-configuration';

type JsonObject = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** `live` with the nulls of `applied` where it has nothing. Not inside of lists: which item is which is not known. */
const withNulls = (live: JsonObject, applied: JsonObject): JsonObject => {
  const added = Object.entries(applied).flatMap(([name, value]): readonly (readonly [string, unknown])[] => {
    const member = live[name];
    if (value === null) return member === undefined ? [[name, null]] : [];
    if (!isObject(value) || !isObject(member)) return [];
    const completed = withNulls(member, value);
    return completed === member ? [] : [[name, completed]];
  });
  return added.length === 0 ? live : { ...live, ...Object.fromEntries(added) };
};

/** The manifest as its owner wrote it. The same object where nothing was taken out, or nothing can be told. */
export const withAppliedNulls = <T extends KubernetesObject>(object: T): T => {
  const text = object.metadata.annotations?.[annotation];
  const { spec } = object as { readonly spec?: unknown };
  // Parsing it costs as much as the manifest is long, and most have no null.
  if (text === undefined || !text.includes('null') || !isObject(spec)) return object;
  let applied: unknown;
  try {
    applied = JSON.parse(text);
  } catch {
    // Whoever wrote that, it was not kubectl.
    return object;
  }
  const appliedSpec = isObject(applied) ? applied['spec'] : undefined;
  return isObject(appliedSpec) ? { ...object, spec: withNulls(spec, appliedSpec) } : object;
};
