/** The engine: pure functions from manifests and observations to decisions. */
export * from './decision.ts';
export { dialects } from './dialects/index.ts';
export type { Dialect, Manifest } from './dialects/dialect.ts';
export { canonicalJson, hashOf, hashOfText, suffixFrom } from './hash.ts';
export type * from './model/cluster.ts';
export type { Member, MemberIdentity } from './model/members.ts';
export type { SecretPlan } from './model/secrets.ts';
export type * from './observation.ts';
export { fieldManager, renderingVersion, stamps } from './stamps.ts';
