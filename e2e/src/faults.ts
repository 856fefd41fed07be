/** Real faults of the member that leads, and how they are repaired where nothing repairs itself. */
import assert from 'node:assert/strict';
import { kindOf, podRef, pods, primaryPod } from './cluster.ts';
import type { Pod, Ref } from './cluster.ts';
import type { Environment } from './environment.ts';
import { kill, processesOf } from './processes.ts';

export const faults = ['postmaster', 'container', 'pod', 'node'] as const;
export type Fault = (typeof faults)[number];

export const faultNames: Readonly<Record<Fault, string>> = {
  postmaster: 'SIGKILL to the postmaster',
  container: 'SIGKILL to every process of the database container',
  pod: 'pod deleted with no grace',
  node: 'node stopped',
};

/** A fault that is prepared: everything is looked up, so that nothing but the fault itself takes time. */
export interface Prepared {
  readonly pod: Pod;
  readonly strike: () => Promise<void>;
  /** What a person or a cloud would do: gives the stopped node its power back. Nothing for the other faults. */
  readonly repair: () => Promise<void>;
}

const nothing = async (): Promise<void> => {};

/** Aims at the member that leads. */
export const prepareFault = async (environment: Environment, ref: Ref, fault: Fault): Promise<Prepared> => {
  const pod = await primaryPod(environment, ref);
  const { client, local } = environment;
  switch (fault) {
    case 'postmaster': {
      const postmaster = (await processesOf(pod, kindOf(ref).container)).find(({ commandLine }) =>
        /^(\S*\/)?postgres -D /.test(commandLine),
      );
      assert.ok(postmaster !== undefined, `no postmaster in ${pod.metadata.name}`);
      return { pod, strike: async () => kill(postmaster), repair: nothing };
    }
    case 'container': {
      const processes = await processesOf(pod, kindOf(ref).container);
      assert.ok(processes.length > 3, `only ${processes.length} processes in ${pod.metadata.name}`);
      return { pod, strike: async () => processes.forEach(kill), repair: nothing };
    }
    case 'pod':
      return {
        pod,
        strike: async () => client.delete(pods, podRef(pod), { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } }),
        repair: nothing,
      };
    case 'node': {
      const node = pod.spec.nodeName ?? '';
      return { pod, strike: async () => local.stopNode(node), repair: async () => local.startNode(node) };
    }
    default:
      return fault satisfies never;
  }
};
