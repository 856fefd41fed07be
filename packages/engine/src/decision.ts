/**
 * What shall be done for one cluster, as data. `decide` makes it, `act` (in the operator) carries it out and decides nothing, the world
 * model plays it for plans and the simulator. Values that decide cannot compute (passwords, certificates) are typed placeholders.
 */
import type { KubernetesKind } from '@pgherd/api';

/** Where to find an object. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** An object as it should be. Applied server-side with our field manager; skipped when nothing would change. */
export interface DesiredObject {
  readonly object: KubernetesKind;
  /** Objects of a lower stage are written first; within a stage the order is free. */
  readonly stage: Stage;
  /**
   * `apply`: made or put right. `shared`: belongs to several clusters, made once; each adds only its own owner reference, under a field
   * manager of its own. `released`: is there, and its owner references become those of `object`, whose uid and resourceVersion are
   * preconditions; nothing else of it is written.
   */
  readonly mode: 'apply' | 'shared' | 'released';
}

/** 0 what others refer to (accounts, certificates), 1 configuration, services and claims, 2 what starts pods. */
export type Stage = 0 | 1 | 2;

/** The value of one key of a Secret. `keep` leaves what is there. */
export type SecretValue =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'keep' }
  | { readonly kind: 'newPassword'; readonly characters: 'ascii' | 'alphanumeric'; readonly length: number }
  /**
   * SCRAM-SHA-256 verifier of another key of the same Secret (its value after this write). `follows`: it is written again when that key changes
   * by another hand; otherwise one that is there is its owner's.
   */
  | { readonly kind: 'verifierOf'; readonly key: string; readonly follows: boolean }
  /** Text with values of other keys of the same Secret put in, URL-encoded where asked. */
  | { readonly kind: 'template'; readonly parts: readonly SecretTemplatePart[] }
  /** A new self-signed root: this key gets the certificate (PEM); `privateKey` names the key that gets the private key. */
  | { readonly kind: 'newRoot'; readonly commonName: string; readonly validityMs: number; readonly privateKey: string }
  /** A new leaf signed by a root: this key gets the certificate (PEM), `privateKey` names the key that gets its private key. */
  | { readonly kind: 'newCertificate'; readonly request: CertificateRequest; readonly privateKey: string }
  /** Written together with another key by newRoot or newCertificate. */
  | { readonly kind: 'withCertificate' }
  /** What another key of the same Secret held before this write. */
  | { readonly kind: 'replaced'; readonly key: string }
  /** Values of this Secret, and of others of the namespace, one after the other, each on lines of its own (certificate and key in one file). */
  | {
      readonly kind: 'concatenationOf';
      readonly parts: readonly (
        | { readonly key: string }
        | { readonly secret: string; readonly key: string; /** Left out where it is not there. */ readonly optional?: true }
      )[];
    };

export type SecretTemplatePart = { readonly text: string } | { readonly valueOf: string; readonly encoding: 'plain' | 'url' };

export interface CertificateRequest {
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly validityMs: number;
  /** Secret that holds the root, with its keys. */
  readonly root: { readonly secret: string; readonly certificateKey: string; readonly privateKeyKey: string };
  readonly usages: readonly ('serverAuth' | 'clientAuth')[];
}

/**
 * A Secret with values that decide cannot know. `create` makes it and ends the pass if it is there already (a stale cache must never
 * regenerate); `fill` writes only the named keys, with the observed resourceVersion as precondition.
 */
export interface SecretIntent {
  readonly reference: ObjectReference;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** `controller`: this cluster controls it. `shared`: one of several owners, never the controller. */
  readonly ownership: 'controller' | 'shared';
  readonly write:
    /** `takenUnlabelled`: one that stands there already, without labels or owner, is to be looked at again. Otherwise it is in the way. */
    | { readonly kind: 'create'; readonly takenUnlabelled?: true }
    /** `adopts`: nobody owns it, and from now on the cluster does. */
    | { readonly kind: 'fill'; readonly uid: string; readonly resourceVersion: string; readonly adopts?: true };
  readonly values: Readonly<Record<string, SecretValue>>;
  readonly stage: Stage;
  /** In words, for the event: "password was blank". */
  readonly reason: string;
}

export interface Deletion {
  readonly reference: ObjectReference;
  readonly uid: string;
  readonly resourceVersion: string | undefined;
  readonly propagation: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds: number | undefined;
  readonly reason: string;
}

/** The one thing of a pass that somebody may notice. Each has a reason in words, which becomes an event. */
export type DisruptiveStep =
  | { readonly kind: 'deletePod'; readonly deletion: Deletion; readonly reason: string }
  /** Written to Patroni's own object as `<scope>-failover` with its resourceVersion as precondition. */
  | {
      readonly kind: 'switchover';
      readonly scope: string;
      /** The pod that leads; undefined: whoever does, and though nobody does. */
      readonly from: string | undefined;
      readonly to: string | undefined;
      /** Written beside the request, so that one which Patroni refuses is not asked again at once: the time (RFC 3339), and the pod that led. */
      readonly asked: string;
      readonly reason: string;
    }
  /** Jobs are made by create under a name that depends on their inputs, so that a repetition finds the first one. */
  | { readonly kind: 'createJob'; readonly job: KubernetesKind; readonly reason: string }
  | {
      readonly kind: 'scaleStatefulSet';
      readonly reference: ObjectReference;
      readonly uid: string;
      readonly replicas: number;
      readonly reason: string;
    }
  /** The pod gets these annotations; once they are seen there, a command restarts its PostgreSQL. */
  | {
      readonly kind: 'markRestart';
      readonly reference: ObjectReference;
      readonly uid: string;
      readonly annotations: Readonly<Record<string, string>>;
      readonly reason: string;
    };

/** A change of Patroni's dynamic configuration: annotations of its object, with the observed resourceVersion as precondition. */
export interface PatroniConfigurationWrite {
  readonly reference: ObjectReference;
  readonly resourceVersion: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Where a program runs. */
export interface ExecTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly container: string;
}

/** Standard input of a program, with secret values put in by act as psql variables (`\set name 'value'`), quoted there. */
export interface ProgramInput {
  readonly text: string;
  /**
   * What the owner keeps in a ConfigMap: act puts it behind the text, so that it is in no Decision. A last line `end` tells the program that it got
   * everything.
   */
  readonly file?: { readonly configMap: string; readonly key: string; readonly end: string };
  readonly variables: Readonly<Record<string, { readonly secret: string; readonly key: string }>>;
}

/** A question to the world. The answer is in a later observation under `key`. Asked again after a failure, it is taken again: the delay is decided here. */
export interface ReadingRequest {
  readonly key: string;
  /** Hash of what the answer depends on: when it changes, the reading is taken anew. */
  readonly inputs: string;
  readonly maximumAgeMs: number;
  readonly target: ExecTarget;
  readonly command: readonly string[];
  readonly input: ProgramInput | undefined;
  /** Name of the engine's parser for the output (see readings.ts): it replaces secret values by fingerprints. */
  readonly parser: string;
  readonly timeoutMs: number;
}

/**
 * Something to run once for its inputs. Safe to repeat: its result is only kept in memory. Asked for again after a failure, it runs again: the
 * delay is decided here, from the attempts in its result.
 */
export interface CommandRequest {
  readonly key: string;
  readonly inputs: string;
  readonly target: ExecTarget;
  readonly command: readonly string[];
  readonly input: ProgramInput | undefined;
  readonly timeoutMs: number;
  readonly reason: string;
  /** Readings that the command makes void. */
  readonly invalidates: readonly string[];
}

export interface EventRequest {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
}

export interface Decision {
  readonly finalizer: 'present' | 'absent';
  /** Objects that should exist. */
  readonly objects: readonly DesiredObject[];
  readonly secrets: readonly SecretIntent[];
  readonly deletions: readonly Deletion[];
  readonly step: DisruptiveStep | undefined;
  readonly patroniConfiguration: PatroniConfigurationWrite | undefined;
  readonly readings: readonly ReadingRequest[];
  readonly commands: readonly CommandRequest[];
  /** The whole status as it should be; applied with a field manager of its own, skipped when equal. Undefined: leave it alone. */
  readonly status: Readonly<Record<string, unknown>> | undefined;
  readonly events: readonly EventRequest[];
  /** When to look again though nothing happened, in milliseconds from the observation; undefined: at the next full pass. */
  readonly lookAgainAfterMs: number | undefined;
}
