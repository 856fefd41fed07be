/** Defaults of pods and pod templates, as `pkg/apis/core/v1/defaults.go` of Kubernetes 1.34 sets them. */
import { asList, asObject, asString, isObject, objectAt, objectsAt, setDefault } from './json.ts';
import type { JsonObject, MutableObject } from './json.ts';

/** Defaults that every pod spec gets, in a Pod and in the template of a workload. */
export function defaultPodSpec(spec: MutableObject): void {
  setDefault(spec, 'dnsPolicy', 'ClusterFirst');
  setDefault(spec, 'restartPolicy', 'Always');
  setDefault(spec, 'securityContext', {});
  setDefault(spec, 'terminationGracePeriodSeconds', 30);
  setDefault(spec, 'schedulerName', 'default-scheduler');
  defaultServiceAccount(spec);
  for (const container of [...objectsAt(spec, 'initContainers'), ...objectsAt(spec, 'containers')]) defaultContainer(container, spec);
  for (const volume of objectsAt(spec, 'volumes')) defaultVolume(volume);
}

/** `serviceAccount` is the old name of the same field; both are always written. */
function defaultServiceAccount(spec: MutableObject): void {
  const name = asString(spec.serviceAccountName) || asString(spec.serviceAccount);
  if (name === '') return;
  spec.serviceAccountName = name;
  spec.serviceAccount = name;
}

function imagePullPolicy(image: string): string {
  const name = image.split('@')[0] ?? '';
  const tag = /:([^/:]+)$/.exec(name)?.[1];
  const digest = image.includes('@');
  return (tag === undefined && !digest) || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultContainer(container: MutableObject, podSpec: JsonObject): void {
  setDefault(container, 'imagePullPolicy', imagePullPolicy(asString(container.image)));
  setDefault(container, 'terminationMessagePath', '/dev/termination-log');
  setDefault(container, 'terminationMessagePolicy', 'File');
  for (const port of objectsAt(container, 'ports')) {
    setDefault(port, 'protocol', 'TCP');
    if (podSpec.hostNetwork === true && port.containerPort !== undefined) setDefault(port, 'hostPort', port.containerPort);
  }
  for (const variable of objectsAt(container, 'env')) {
    const source = asObject(variable.valueFrom);
    if (isObject(source.fieldRef)) setDefault(objectAt(variable.valueFrom as MutableObject, 'fieldRef'), 'apiVersion', 'v1');
  }
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    if (isObject(container[name])) defaultProbe(objectAt(container, name));
  }
  if (isObject(container.lifecycle)) {
    for (const hook of ['postStart', 'preStop']) defaultHandler(asObject(container.lifecycle[hook]));
  }
}

function defaultProbe(probe: MutableObject): void {
  setDefault(probe, 'timeoutSeconds', 1);
  setDefault(probe, 'periodSeconds', 10);
  setDefault(probe, 'successThreshold', 1);
  setDefault(probe, 'failureThreshold', 3);
  defaultHandler(probe);
}

function defaultHandler(handler: JsonObject): void {
  if (isObject(handler.httpGet)) {
    setDefault(handler.httpGet, 'path', '/');
    setDefault(handler.httpGet, 'scheme', 'HTTP');
  }
  if (isObject(handler.grpc)) setDefault(handler.grpc, 'service', '');
}

function defaultVolume(volume: MutableObject): void {
  if (Object.keys(volume).every((key) => key === 'name')) volume.emptyDir = {};
  for (const source of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    if (isObject(volume[source])) setDefault(objectAt(volume, source), 'defaultMode', 0o644);
  }
  if (isObject(volume.hostPath)) setDefault(objectAt(volume, 'hostPath'), 'type', '');
  defaultDownwardItems(asObject(volume.downwardAPI));
  for (const projection of objectsAt(asObject(volume.projected), 'sources')) {
    if (isObject(projection.serviceAccountToken)) setDefault(objectAt(projection, 'serviceAccountToken'), 'expirationSeconds', 3600);
    defaultDownwardItems(asObject(projection.downwardAPI));
  }
  if (isObject(volume.ephemeral)) {
    const template = objectAt(objectAt(volume, 'ephemeral'), 'volumeClaimTemplate');
    setDefault(objectAt(template, 'spec'), 'volumeMode', 'Filesystem');
  }
}

function defaultDownwardItems(source: JsonObject): void {
  for (const item of objectsAt(source, 'items')) {
    if (isObject(item.fieldRef)) setDefault(objectAt(item, 'fieldRef'), 'apiVersion', 'v1');
  }
}

/** Defaults that only a Pod gets, not a template. */
export function defaultPod(pod: MutableObject): void {
  const spec = objectAt(pod, 'spec');
  for (const container of [...objectsAt(spec, 'initContainers'), ...objectsAt(spec, 'containers')]) {
    const resources = objectAt(container, 'resources');
    const limits = asObject(resources.limits);
    if (Object.keys(limits).length > 0) resources.requests = { ...limits, ...asObject(resources.requests) };
  }
  setDefault(spec, 'enableServiceLinks', true);
}

/** The quality of service class of a Pod (`pkg/apis/core/helper/qos`). */
export function qualityOfService(spec: JsonObject): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const containers = [...asList(spec.containers), ...asList(spec.initContainers)].map((container) =>
    asObject(asObject(container).resources),
  );
  const of = (resources: JsonObject, which: string): JsonObject => asObject(resources[which]);
  const compute = ['cpu', 'memory'];
  const isSet = (quantity: unknown): boolean => quantity !== undefined && quantity !== '0';
  if (
    !containers.some((resources) => compute.some((name) => isSet(of(resources, 'requests')[name]) || isSet(of(resources, 'limits')[name])))
  )
    return 'BestEffort';
  const guaranteed = containers.every((resources) =>
    compute.every((name) => isSet(of(resources, 'limits')[name]) && of(resources, 'requests')[name] === of(resources, 'limits')[name]),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
