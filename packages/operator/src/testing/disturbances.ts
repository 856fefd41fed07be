/** What may go wrong with each write of an operator, and with each of its caches. Made for the writes of a life in which nothing did. */
import type { ObservedWrite, RequestMatch } from '@pgherd/kube/testing';
import type { Disturbance } from './lives.ts';

export interface Case {
  readonly what: string;
  readonly disturbance: Disturbance;
  /** Whether it came to what was arranged. */
  readonly struck: () => boolean;
}

/** Writes come in an order that differs a little from run to run, so one is known by what it does and the how many-th of these it is. */
interface Occurrence {
  readonly match: RequestMatch;
  readonly earlier: number;
  readonly what: string;
}

const occurrencesOf = (writes: readonly ObservedWrite[]): readonly Occurrence[] => {
  const seen = new Map<string, number>();
  return writes.map(({ verb, group, plural, subresource, name }) => {
    const label = `${verb} ${plural}${subresource === '' ? '' : `/${subresource}`}`;
    const earlier = seen.get(label) ?? 0;
    seen.set(label, earlier + 1);
    return { match: { verb, group, resource: plural, subresource }, earlier, what: `${label} number ${earlier + 1} (${name})` };
  });
};

const isLike = ({ match }: Occurrence, write: ObservedWrite): boolean =>
  match.verb === write.verb && match.group === write.group && match.resource === write.plural && match.subresource === write.subresource;

/** The process ends right after the write. */
const killAfter = (occurrence: Occurrence): Case => {
  let count = 0;
  return {
    what: `killed after ${occurrence.what}`,
    disturbance: ({ proxy, kill }) =>
      proxy.onWrite((write) => {
        if (!isLike(occurrence, write)) return;
        count += 1;
        if (count === occurrence.earlier + 1) kill();
      }),
    struck: () => count > occurrence.earlier,
  };
};

/** The write is carried out, and its reply is lost. */
const loseReplyOf = ({ match, earlier, what }: Occurrence): Case => {
  let hits = (): number => 0;
  return {
    what: `reply lost of ${what}`,
    disturbance: ({ proxy }) => {
      const rule = proxy.addRule({ match, fault: { kind: 'loseReply' }, skip: earlier });
      ({ hits } = rule);
      return rule;
    },
    struck: () => hits() > 0,
  };
};

const lookEveryMs = 20;

/** Of these watches the newest event is held back, until another one comes or until nothing goes on without it. */
const holdBack = (what: string, match: RequestMatch): Case => {
  let hits = (): number => 0;
  return {
    what,
    disturbance: ({ proxy, changes }) => {
      const rule = proxy.addRule({ match: { ...match, verb: 'watch' }, fault: { kind: 'holdEvent' }, times: Infinity });
      ({ hits } = rule);
      let before = '';
      const timer = setInterval(() => {
        const now = `${changes()} ${proxy.requests().length}`;
        if (now === before) proxy.release();
        before = now;
      }, lookEveryMs);
      return {
        [Symbol.dispose]: () => {
          clearInterval(timer);
          rule[Symbol.dispose]();
        },
      };
    },
    struck: () => hits() > 0,
  };
};

export const kills = (writes: readonly ObservedWrite[]): readonly Case[] => occurrencesOf(writes).map(killAfter);

export const lostReplies = (writes: readonly ObservedWrite[]): readonly Case[] => occurrencesOf(writes).map(loseReplyOf);

export const staleCaches = (resources: readonly string[]): readonly Case[] => [
  ...resources.map((resource) => holdBack(`the cache of ${resource} one event behind`, { resource })),
  holdBack('every cache one event behind', {}),
];
