/** Kubernetes types as parts of our schemas: the generated structural schema together with the generated TypeScript type. */
import { embedded } from '../schema/builders.ts';
import type { EmbeddedOptions } from '../schema/builders.ts';
import type { Schema } from '../schema/schema.ts';
import {
  affinitySchema,
  configMapProjectionSchema,
  containerPortSchema,
  containerSchema,
  envFromSourceSchema,
  envVarSchema,
  labelSelectorSchema,
  localObjectReferenceSchema,
  nodeAffinitySchema,
  persistentVolumeClaimSpecSchema,
  probeSchema,
  resourceRequirementsSchema,
  secretProjectionSchema,
  tolerationSchema,
  topologySpreadConstraintSchema,
  volumeProjectionSchema,
} from './generated.schemas.ts';
import type {
  Affinity,
  ConfigMapProjection,
  Container,
  ContainerPort,
  EnvFromSource,
  EnvVar,
  LabelSelector,
  LocalObjectReference,
  NodeAffinity,
  PersistentVolumeClaimSpec,
  Probe,
  ResourceRequirements,
  SecretProjection,
  Toleration,
  TopologySpreadConstraint,
  VolumeProjection,
} from './generated.types.ts';

type Embedded<T> = Schema<T, T, 'optional'>;

export function affinity(description: string): Embedded<Affinity> {
  return embedded(description, 'Affinity', affinitySchema);
}

/** The description of an item of a list is empty: the list has one. */
export function container(): Embedded<Container> {
  return embedded('', 'Container', containerSchema);
}

export function containerPort(): Embedded<ContainerPort> {
  return embedded('', 'ContainerPort', containerPortSchema);
}

export function envFromSource(): Embedded<EnvFromSource> {
  return embedded('', 'EnvFromSource', envFromSourceSchema);
}

export function envVar(options?: EmbeddedOptions): Embedded<EnvVar> {
  return embedded('', 'EnvVar', envVarSchema, options);
}

export function labelSelector(description: string): Embedded<LabelSelector> {
  return embedded(description, 'LabelSelector', labelSelectorSchema);
}

export function localObjectReference(): Embedded<LocalObjectReference> {
  return embedded('', 'LocalObjectReference', localObjectReferenceSchema);
}

export function nodeAffinity(description: string): Embedded<NodeAffinity> {
  return embedded(description, 'NodeAffinity', nodeAffinitySchema);
}

export function persistentVolumeClaimSpec(description: string, options?: EmbeddedOptions): Embedded<PersistentVolumeClaimSpec> {
  return embedded(description, 'PersistentVolumeClaimSpec', persistentVolumeClaimSpecSchema, options);
}

export function probe(description: string): Embedded<Probe> {
  return embedded(description, 'Probe', probeSchema);
}

export function resourceRequirements(description: string): Embedded<ResourceRequirements> {
  return embedded(description, 'ResourceRequirements', resourceRequirementsSchema);
}

export function configMapProjection(description: string, options?: EmbeddedOptions): Embedded<ConfigMapProjection> {
  return embedded(description, 'ConfigMapProjection', configMapProjectionSchema, options);
}

export function secretProjection(description: string, options?: EmbeddedOptions): Embedded<SecretProjection> {
  return embedded(description, 'SecretProjection', secretProjectionSchema, options);
}

export function toleration(): Embedded<Toleration> {
  return embedded('', 'Toleration', tolerationSchema);
}

export function topologySpreadConstraint(): Embedded<TopologySpreadConstraint> {
  return embedded('', 'TopologySpreadConstraint', topologySpreadConstraintSchema);
}

export function volumeProjection(): Embedded<VolumeProjection> {
  return embedded('', 'VolumeProjection', volumeProjectionSchema);
}
