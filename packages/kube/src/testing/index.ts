/** For tests only: an API server in this process, a proxy that breaks things, and what both are held to. */
export { startApiServer } from './apiServer.ts';
export type { ApiServer, ApiServerOptions, ApiServerState } from './apiServer.ts';
export { defineConformance } from './conformance.ts';
export type { ConformanceConnection, ConformanceOptions } from './conformance.ts';
export { eventually } from './eventually.ts';
export { loopbackClient, loopbackConfig } from './loopback.ts';
export { startFaultProxy } from './faultProxy.ts';
export type { ActiveRule, FaultProxy, ObservedWrite } from './faultProxy.ts';
export type { Fault, FaultRule, ProxiedRequest, RequestMatch, Verb } from './faults.ts';
export { realApiServerConfig } from './realApiServer.ts';
export { createManualClock } from '../manualClock.ts';
