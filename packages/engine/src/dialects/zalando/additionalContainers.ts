/** Containers of the manifest's own. One that cannot be in the pod is left out, so that the others can. */
import type { Container, ContainerPort, EnvVar, VolumeMount } from '@pgherd/api';
import type { Field } from '../common/fields.ts';
import { at, embedded, isPresent, itemsOf, report, shown, textItemsOf, textOf } from '../common/fields.ts';
import { fieldVariable, sidecarVariablesOf } from './environment.ts';
import { ownContainers } from './ownPod.ts';
import { distinctItems, distinctObjects, isLabel, labelRule, listKeys } from './podLists.ts';
import { profile } from './profile.ts';
import { memberResourcesOf } from './resources.ts';

const { roles, paths, names } = profile;

const refuse = (field: Field, message: string): readonly never[] => {
  report(field, { kind: 'invalid', reason: 'InvalidContainer', message });
  return [];
};

/** Why no container can be called so and run this image; undefined: it can. */
const obstacle = (item: Field, name: string, image: string, taken: ReadonlySet<string>): readonly [Field, string] | undefined => {
  const place = at(item, 'name');
  if (name === '') return [place, 'a container needs a name, so it is left out; give it one'];
  if (!isLabel(name)) return [place, `${shown(name)} is no name of a container, so it is left out; ${labelRule}`];
  if (taken.has(name)) {
    return [place, `the pod already has a container ${shown(name)}; the container is left out, choose another name`];
  }
  return image === '' ? [at(item, 'image'), 'a container needs an image, so it is left out; name one'] : undefined;
};

/** Containers that run beside PostgreSQL, with the data and the way into the database, as the original gives them to them. */
export const sidecarsOf = (field: Field, cluster: string): readonly Container[] => {
  const taken = new Set(ownContainers.keys());
  const password = { name: names.userSecret(cluster, roles.superuser), key: 'password' };
  const environment: readonly EnvVar[] = [
    fieldVariable('POD_NAME', 'metadata.name'),
    fieldVariable('POD_NAMESPACE', 'metadata.namespace'),
    { name: 'POSTGRES_USER', value: roles.superuser },
    { name: 'POSTGRES_PASSWORD', valueFrom: { secretKeyRef: password } },
  ];
  return itemsOf(field).flatMap((item, index): readonly Container[] => {
    const given = textOf(at(item, 'name')) ?? '';
    const name = given === '' ? `sidecar-${index}` : given;
    const image = textOf(at(item, 'image')) ?? '';
    const problem = obstacle(item, name, image, taken);
    if (problem !== undefined) return refuse(...problem);
    taken.add(name);
    const command = textItemsOf(at(item, 'command'));
    const ports = distinctObjects<ContainerPort>(at(item, 'ports'), listKeys.ports);
    return [
      {
        name,
        image,
        ...(command.length > 0 && { command }),
        ...(ports.length > 0 && { ports }),
        env: [...environment, ...sidecarVariablesOf(at(item, 'env'), environment)],
        resources: memberResourcesOf(at(item, 'resources')),
        volumeMounts: [{ name: profile.volumes.data, mountPath: paths.dataMount }],
      },
    ];
  });
};

/** An init container, and where its manifest says what it mounts: what there is to mount is known only once all containers are. */
export interface InitContainer {
  readonly container: Container;
  readonly mounts: Field;
}

const lists = { env: listKeys.variables, ports: listKeys.ports, volumeDevices: listKeys.devices } as const;

/** Containers that run before PostgreSQL, as they are given; `sidecars` are names of those that run beside it. */
export const initContainersOf = (field: Field, sidecars: readonly string[]): readonly InitContainer[] => {
  const taken = new Set([...ownContainers.keys(), ...sidecars]);
  return itemsOf(field).flatMap((item): readonly InitContainer[] => {
    const given = embedded<Container>(item);
    // What is there and no object is reported already.
    if (given === undefined && isPresent(item)) return [];
    const name = textOf(at(item, 'name')) ?? '';
    const problem = obstacle(item, name, textOf(at(item, 'image')) ?? '', taken);
    if (problem !== undefined) return refuse(...problem);
    taken.add(name);
    const present = Object.entries(lists).filter(([list]) => isPresent(at(item, list)));
    const distinct = present.map(([list, key]) => [list, distinctObjects(at(item, list), key)] as const);
    return given === undefined ? [] : [{ container: { ...given, ...Object.fromEntries(distinct) }, mounts: at(item, 'volumeMounts') }];
  });
};

/** The init container with those of its mounts whose volumes are there. */
export const withMountsOf = ({ container, mounts }: InitContainer, volumes: ReadonlySet<string>): Container => {
  const found = distinctItems(mounts, listKeys.mounts).flatMap(({ field, value }): readonly VolumeMount[] => {
    const name = textOf(at(field, 'name')) ?? '';
    if (volumes.has(name)) return [value as unknown as VolumeMount];
    report(at(field, 'name'), {
      kind: 'invalid',
      reason: 'InvalidVolume',
      message: `the pod has no volume ${shown(name)}, so nothing is mounted; name one of spec.additionalVolumes`,
    });
    return [];
  });
  return isPresent(mounts) ? { ...container, volumeMounts: found } : container;
};
