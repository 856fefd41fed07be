/** What holds whatever goes wrong once, tried for every write and every cache of a cluster's life. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dialect } from '@pgherd/engine';
import { kinds } from '@pgherd/kube';
import { eventually, type ApiServerState } from '@pgherd/kube/testing';
import { childKinds } from '../kinds.ts';
import { newDatabase, type Database } from './database.ts';
import { kills, lostReplies, staleCaches, type Case } from './disturbances.ts';
import { isEvent, live, stagesOf, type Course, type Life, type Place } from './lives.ts';
import { placeInProcess } from './places.ts';

/** A part of a life that is led by itself, and what it comes to when nothing goes wrong. */
interface Chapter {
  readonly lead: (course: Omit<Course, 'stages' | 'database'>) => Promise<Life>;
  readonly expected: Life;
}

/** Chapters in the order in which they follow each other. */
export type Chapters = () => Promise<readonly Chapter[]>;

export interface ConvergenceOptions {
  readonly dialect: Dialect;
  /** What the lives are led before, for the names of the tests. */
  readonly server: string;
  readonly chapters: Chapters;
  readonly newPlace: () => Promise<Place>;
  /** Of the cases that there are, each how many-th is tried. 1: all. */
  readonly every: number;
  /** Lives at a time. */
  readonly parallel: number;
}

/** The whole life in one. */
export const oneChapter =
  (dialect: Dialect, newPlace: () => Promise<Place>): Chapters =>
  async () => {
    const lead: Chapter['lead'] = async (course) => {
      await using place = await newPlace();
      return await live(place, dialect, course);
    };
    return [{ lead, expected: await lead({}) }];
  };

/** Each stage by itself, from what the one before it has come to: so a life is as long as what is tried in it. */
export const chapterForEachStage =
  (dialect: Dialect): Chapters =>
  async () => {
    const chapters: Chapter[] = [];
    let from: { readonly server: ApiServerState | undefined; readonly database: Database } = { server: undefined, database: newDatabase() };
    for (const stage of stagesOf(dialect)) {
      const start = from;
      const leadOnce = async (course: Parameters<Chapter['lead']>[0]) => {
        await using place = await placeInProcess(start.server);
        const database = start.database.copy();
        const life = await live(place, dialect, { ...course, stages: [stage], database });
        return { life, after: { server: place.state(), database } };
      };
      const { life: expected, after } = await leadOnce({});
      chapters.push({ lead: async (course) => (await leadOnce(course)).life, expected });
      from = after;
    }
    return chapters;
  };

/** The names of what was made, each as often as it was made. Suffixes follow from the cluster's uid, so they do not count. */
const createdIn = ({ writes }: Life): readonly string[] =>
  writes
    .filter(({ created }) => created)
    .map(({ kind, name }) => `${kind} ${name.replace(/(?<=-pgdb-|-backup-)[a-z0-9]{4}/, '(suffix)')}`)
    .toSorted();

/** What went wrong, and what went wrong when that was cleaned up. */
const wordsOf = (error: unknown): string => {
  if (error instanceof SuppressedError) return `${wordsOf(error.error)}; before that: ${wordsOf(error.suppressed)}`;
  return error instanceof Error ? error.message : String(error);
};

export const defineConvergence = ({ dialect, server, chapters, newPlace, every, parallel }: ConvergenceOptions): void => {
  let known: Promise<readonly Chapter[]> | undefined;
  const undisturbed = async (): Promise<readonly Chapter[]> => (known ??= chapters());

  interface Trial extends Case {
    readonly chapter: Chapter;
  }

  /** What may go wrong in each chapter. */
  const trialsOf = async (casesOf: (expected: Life) => readonly Case[]): Promise<readonly Trial[]> =>
    (await undisturbed()).flatMap((chapter) => casesOf(chapter.expected).map((item) => ({ ...item, chapter })));

  /** What is wrong with a disturbed life; empty when nothing is. */
  const troubleWith = async ({ what, disturbance, chapter: { lead, expected } }: Trial): Promise<readonly string[]> => {
    try {
      const life = await lead({ disturbance, expected });
      assert.deepEqual(createdIn(life), createdIn(expected), 'other objects were made, or the same ones more often');
      assert.deepEqual(life.alteredSecrets, expected.alteredSecrets, 'another Secret was given another value');
      return [];
    } catch (error) {
      return [`${what}: ${wordsOf(error)}`];
    }
  };

  const tryAll = async (trials: readonly Trial[]): Promise<void> => {
    assert.ok(trials.length > 0, 'nothing is tried');
    const rest = trials.values();
    const troubles: string[] = [];
    await Promise.all(
      Array.from({ length: parallel }, async () => {
        for (const item of rest) troubles.push(...(await troubleWith(item)));
      }),
    );
    assert.deepEqual(troubles, [], troubles.join('\n\n'));
    const missed = trials.filter(({ struck }) => !struck()).map(({ what }) => what);
    // Passes that happen to fall together write the status once less, and one whose cache is behind writes the same a second time.
    assert.ok(missed.length <= Math.max(1, trials.length / 10), `too many faults never came to pass: ${missed.join(', ')}`);
  };

  const some = (trials: readonly Trial[]): readonly Trial[] => trials.filter((_, index) => index % every === every - 1);
  const which = every === 1 ? 'each' : `every ${every}th`;

  test(`I5: ${dialect.resource.kind} before ${server}, an operator that finds a converged cluster writes nothing, and what was deleted by hand comes back by one write`, async () => {
    await using place = await newPlace();
    const { client, namespace } = place;
    const life = await live(place, dialect, {
      stages: stagesOf(dialect).slice(0, 1),
      whenReady: async ({ proxy, kill }) => {
        const before = proxy.writes().length;
        kill();
        const reference = { namespace, name: dialect.profile.names.configuration('hippo') };
        const { uid } = (await client.get(kinds.configMaps, reference)).metadata;
        await client.delete(kinds.configMaps, reference);
        await eventually('the configuration to be there again', async () => {
          const { items } = await client.list(kinds.configMaps, { namespace });
          return items.some(({ metadata }) => metadata.name === reference.name && metadata.uid !== uid);
        });
        const writes = proxy
          .writes()
          .slice(before)
          .filter((write) => !isEvent(write));
        assert.deepEqual(
          writes.map(({ verb, kind, name }) => `${verb} ${kind} ${name}`),
          [`apply ConfigMap ${reference.name}`],
        );
      },
    });
    assert.deepEqual(life.alteredSecrets, []);
  });

  const whole = 'creation, rolling, a switchover, a new password, stop, start, scaling and deletion';

  test(`I3, I6: ${dialect.resource.kind} before ${server}, killed after ${which} single write of ${whole}, it makes the same objects, once`, async () =>
    tryAll(some(await trialsOf(({ writes }) => kills(writes)))));

  test(`I3, I6: ${dialect.resource.kind} before ${server}, with the reply lost of ${which} single write, it makes the same objects, once`, async () =>
    tryAll(some(await trialsOf(({ writes }) => lostReplies(writes)))));

  test(`I3, I6: ${dialect.resource.kind} before ${server}, with ${which} cache one event behind, and with all of them, it makes the same objects, once`, async () => {
    const { plural } = dialect.resource;
    const caches = [plural, ...Object.values(childKinds).map((kind) => kind.plural)];
    await tryAll(some(await trialsOf(() => staleCaches(caches))));
  });
};
