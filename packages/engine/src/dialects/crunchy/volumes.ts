/** Volumes of an instance set besides those for data and WAL: a scratch volume that lives as long as the pod, and the owner's own. */
import type { Volume, VolumeMount } from '@pgherd/api';
import { profile } from './profile.ts';
import type { Field } from '../common/fields.ts';
import { at, booleanOf, choiceOf, isPresent, itemsOf, report, shown, textItemsOf, textOf } from '../common/fields.ts';
import { volumeClaimOf } from './volumeClaims.ts';

export interface AdditionalVolumes {
  readonly volumes: readonly Volume[];
  /** What every container mounts. */
  readonly mounts: readonly VolumeMount[];
  /** What only some containers mount, by container name. */
  readonly mountsByContainer: Readonly<Record<string, readonly VolumeMount[]>>;
}

const scratchMount = '/pgtmp';

const scratch = (field: Field): Volume => ({
  name: 'postgres-temp',
  ephemeral: { volumeClaimTemplate: { spec: volumeClaimOf(field).spec } },
});

interface Additional {
  readonly volume: Volume;
  readonly mount: VolumeMount;
  /** Undefined: all containers. */
  readonly containers: readonly string[] | undefined;
}

const refuse = (field: Field, message: string): undefined => {
  report(field, { kind: 'invalid', reason: 'InvalidVolume', message: `${message}; the volume is left out` });
  return undefined;
};

const additional = (field: Field, known: ReadonlySet<string>): Additional | undefined => {
  const name = textOf(at(field, 'name')) ?? '';
  if (!/^[a-z0-9](?:[-a-z0-9]{0,53}[a-z0-9])?$/.test(name)) return refuse(at(field, 'name'), `${shown(name)} is no name of a volume`);
  const claimName = textOf(at(field, 'claimName'));
  const reference = textOf(at(field, 'image', 'reference'));
  if ((claimName === undefined) === (reference === undefined)) return refuse(field, 'a volume is either a claim or an image');
  const readOnly = reference !== undefined || booleanOf(at(field, 'readOnly')) === true;
  const pullPolicy = choiceOf(at(field, 'image', 'pullPolicy'), ['Always', 'Never', 'IfNotPresent']);

  for (const item of itemsOf(at(field, 'containers'))) {
    if (typeof item.value !== 'string' || known.has(item.value)) continue;
    report(item, {
      kind: 'warning',
      reason: 'SpecifiedContainerNotFound',
      message: `the pod has no container ${shown(item.value)}, so nothing mounts the volume there; choose of ${[...known].join(', ')}`,
    });
  }
  return {
    volume: {
      name: `volumes-${name}`,
      ...(claimName !== undefined && { persistentVolumeClaim: { claimName, ...(readOnly && { readOnly }) } }),
      ...(reference !== undefined && { image: { reference, ...(pullPolicy !== undefined && { pullPolicy }) } }),
    },
    mount: { name: `volumes-${name}`, mountPath: `/volumes/${name}`, ...(readOnly && { readOnly }) },
    containers: isPresent(at(field, 'containers'))
      ? textItemsOf(at(field, 'containers')).filter((container) => known.has(container))
      : undefined,
  };
};

/** `field` is the set's `volumes`; `containers` names every container of its pods, init containers included. */
export const additionalVolumesOf = (field: Field, containers: readonly string[]): AdditionalVolumes => {
  const known = new Set(containers);
  const found = itemsOf(at(field, 'additional'))
    .map((item) => additional(item, known))
    .filter((item) => item !== undefined);
  const temp = at(field, 'temp');
  const scratchOnly: readonly Additional[] = isPresent(temp)
    ? [
        {
          volume: scratch(temp),
          mount: { name: 'postgres-temp', mountPath: scratchMount },
          containers: [profile.containers.startup, profile.containers.database],
        },
      ]
    : [];
  const all = [...scratchOnly, ...found];
  const mountsByContainer = new Map<string, readonly VolumeMount[]>();
  for (const { mount, containers: only } of all) {
    for (const container of only ?? []) mountsByContainer.set(container, [...(mountsByContainer.get(container) ?? []), mount]);
  }
  return {
    volumes: all.map(({ volume }) => volume),
    mounts: all.filter((item) => item.containers === undefined).map(({ mount }) => mount),
    mountsByContainer: Object.fromEntries(mountsByContainer),
  };
};
