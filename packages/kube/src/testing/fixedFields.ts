/** Changes to existing objects that the real server refuses and an operator must expect: what is fixed once an object exists. */
import { compareQuantities } from '../quantity.ts';
import { forbidden, invalid } from './apiFailure.ts';
import { withoutFields } from './defaults.ts';
import { asObject, asString, at, equal } from './json.ts';
import type { JsonObject } from './json.ts';
import { resourceOf } from './servedKinds.ts';
import type { ServedKind } from './servedKinds.ts';
import { nameOf } from './storage.ts';
import type { Storage } from './storage.ts';

/** Fields of a spec that may change after creation, for kinds whose spec is otherwise fixed, and the words of the refusal. */
const fixedSpecs: Readonly<Record<string, { readonly except: readonly string[]; readonly message: string }>> = {
  'apps/statefulsets': {
    except: [
      'replicas',
      'ordinals',
      'template',
      'updateStrategy',
      'revisionHistoryLimit',
      'persistentVolumeClaimRetentionPolicy',
      'minReadySeconds',
    ],
    message:
      "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
  },
};

/** Single fields that are fixed after creation. */
const fixedFields: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'apps/deployments': [['spec', 'selector']],
  'batch/jobs': [
    ['spec', 'selector'],
    ['spec', 'template'],
    ['spec', 'completionMode'],
  ],
  '/secrets': [['type']],
};

/** @throws {ApiFailure} 422 if an update changes what is fixed; 403 if it grows a volume whose class cannot grow. */
export function refuseFixedChanges(kind: ServedKind, current: JsonObject, next: JsonObject, storage: Storage): void {
  const resource = kind.custom ? '' : resourceOf(kind);
  const name = nameOf(current);
  if (resource === '/persistentvolumeclaims') refuseClaimChange(kind, current, next, storage);
  const fixed = fixedSpecs[resource];
  if (
    fixed !== undefined &&
    !equal(withoutFields(asObject(current.spec), fixed.except), withoutFields(asObject(next.spec), fixed.except))
  ) {
    throw invalid(kind.group, kind.kind, name, 'spec', fixed.message);
  }
  for (const path of fixedFields[resource] ?? []) {
    if (!equal(at(current, ...path), at(next, ...path))) {
      throw invalid(
        kind.group,
        kind.kind,
        name,
        path.join('.'),
        `Invalid value: ${JSON.stringify(at(next, ...path))}: field is immutable`,
        'FieldValueInvalid',
      );
    }
  }
  if (kind.kind.endsWith('RoleBinding') && kind.group === 'rbac.authorization.k8s.io' && !equal(current.roleRef, next.roleRef)) {
    throw invalid(
      kind.group,
      kind.kind,
      name,
      'roleRef',
      `Invalid value: ${JSON.stringify(next.roleRef)}: cannot change roleRef`,
      'FieldValueInvalid',
    );
  }
  const addresses = [current, next].map((object) => asString(at(object, 'spec', 'clusterIP')));
  if (resource === '/services' && addresses[0] !== '' && addresses[0] !== addresses[1] && at(next, 'spec', 'type') !== 'ExternalName') {
    throw invalid(
      kind.group,
      kind.kind,
      name,
      'spec.clusterIPs[0]',
      `Invalid value: ${JSON.stringify([addresses[1]])}: may not change once set`,
      'FieldValueInvalid',
    );
  }
}

function refuseClaimChange(kind: ServedKind, current: JsonObject, next: JsonObject, storage: Storage): void {
  const [before, after] = [current, next].map((claim) => asString(at(claim, 'spec', 'resources', 'requests', 'storage')) || '0');
  const bound = at(current, 'status', 'phase') === 'Bound';
  const rest = (claim: JsonObject): JsonObject => withoutFields(asObject(claim.spec), ['resources', 'volumeAttributesClassName']);
  // A claim is bound by setting its volumeName; nothing else in it may change.
  const unbound = asString(at(current, 'spec', 'volumeName')) === '';
  const comparable = (claim: JsonObject): JsonObject => (unbound ? withoutFields(rest(claim), ['volumeName']) : rest(claim));
  if (!equal(comparable(current), comparable(next)) || (before !== after && !bound)) {
    throw invalid(
      kind.group,
      kind.kind,
      nameOf(current),
      'spec',
      'Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
    );
  }
  if (before === after || before === undefined || after === undefined) return;
  const capacity = asString(at(current, 'status', 'capacity', 'storage')) || '0';
  if (compareQuantities(after, before) < 0 && compareQuantities(after, capacity) < 0) {
    throw invalid(
      kind.group,
      kind.kind,
      nameOf(current),
      'spec.resources.requests.storage',
      'Forbidden: field can not be less than status.capacity',
    );
  }
  const storageClass = storage.get('storage.k8s.io/storageclasses', '', asString(at(current, 'spec', 'storageClassName')));
  if (compareQuantities(after, before) > 0 && storageClass?.allowVolumeExpansion !== true) {
    throw forbidden(
      kind,
      nameOf(current),
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
    );
  }
}
