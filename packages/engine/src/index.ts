/** The engine: from a manifest and an observation to a decision. Pure: no I/O, no clock, nothing of a runtime. */
export { decide, secretPlansFor } from './decide/decide.ts';
export { membersOf } from './decide/members.ts';
export type { Manifested } from './decide/situation.ts';
export type * from './decision.ts';
export { stateOf, type FieldState } from './dialects/common/support.ts';
export type { Dialect, Manifest } from './dialects/dialect.ts';
export { dialects } from './dialects/index.ts';
export { canonicalJson, hashOf, hashOfText } from './hash.ts';
export type * from './model/cluster.ts';
export type * from './model/members.ts';
export type * from './model/outcome.ts';
export type * from './model/profile.ts';
export type { Recollection } from './model/recollection.ts';
export type { SecretPlan } from './model/secrets.ts';
export type * from './observation.ts';
export { parseQuantity } from './quantity.ts';
export { parseReading, UnreadableOutput } from './readings.ts';
export { fieldManager, renderingVersion, stamps } from './stamps.ts';
