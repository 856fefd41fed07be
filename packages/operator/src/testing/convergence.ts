/** What holds whatever goes wrong once, tried for every write and every cache of a cluster's life. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dialect } from '@pgherd/engine';
import { kinds } from '@pgherd/kube';
import { eventually } from '@pgherd/kube/testing';
import { childKinds } from '../kinds.ts';
import { kills, lostReplies, staleCaches, type Case } from './disturbances.ts';
import { isEvent, live, type Course, type Life, type Place } from './lives.ts';

export interface ConvergenceOptions {
  readonly dialect: Dialect;
  /** What the lives are led before, for the names of the tests. */
  readonly server: string;
  readonly newPlace: () => Promise<Place>;
  /** Of the cases that there are, each how many-th is tried. 1: all. */
  readonly every: number;
  /** Lives at a time. */
  readonly parallel: number;
}

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

export const defineConvergence = ({ dialect, server, newPlace, every, parallel }: ConvergenceOptions): void => {
  const lead = async (course?: Course): Promise<Life> => {
    await using place = await newPlace();
    return await live(place, dialect, course);
  };
  let undisturbed: Promise<Life> | undefined;
  const expectedLife = async (): Promise<Life> => (undisturbed ??= lead());

  /** What is wrong with a disturbed life; empty when nothing is. */
  const troubleWith = async ({ what, disturbance }: Case, expected: Life): Promise<readonly string[]> => {
    try {
      const life = await lead({ disturbance, expected });
      assert.deepEqual(createdIn(life), createdIn(expected), 'other objects were made, or the same ones more often');
      assert.deepEqual(life.alteredSecrets, [], 'a Secret was given another value');
      return [];
    } catch (error) {
      return [`${what}: ${wordsOf(error)}`];
    }
  };

  const tryAll = async (cases: readonly Case[], expected: Life): Promise<void> => {
    const rest = cases.values();
    const troubles: string[] = [];
    await Promise.all(
      Array.from({ length: parallel }, async () => {
        for (const item of rest) troubles.push(...(await troubleWith(item, expected)));
      }),
    );
    assert.deepEqual(troubles, [], troubles.join('\n\n'));
    const missed = cases.filter(({ struck }) => !struck()).map(({ what }) => what);
    // Passes that happen to fall together write the status once less, and one whose cache is behind writes the same a second time.
    assert.ok(missed.length <= Math.max(1, cases.length / 10), `too many faults never came to pass: ${missed.join(', ')}`);
  };

  const some = (cases: readonly Case[]): readonly Case[] => cases.filter((_, index) => index % every === every - 1);
  const which = every === 1 ? 'each' : `every ${every}th`;

  test(`I5: ${dialect.resource.kind} before ${server}, an operator that finds a converged cluster writes nothing, and what was deleted by hand comes back by one write`, async () => {
    await using place = await newPlace();
    const { client, namespace } = place;
    const life = await live(place, dialect, {
      expected: await expectedLife(),
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

  test(`I3, I6: ${dialect.resource.kind} before ${server}, killed after ${which} single write of creation, rolling, scaling and deletion, it makes the same objects, once`, async () => {
    const expected = await expectedLife();
    await tryAll(some(kills(expected.writes)), expected);
  });

  test(`I3, I6: ${dialect.resource.kind} before ${server}, with the reply lost of ${which} single write, it makes the same objects, once`, async () => {
    const expected = await expectedLife();
    await tryAll(some(lostReplies(expected.writes)), expected);
  });

  test(`I3, I6: ${dialect.resource.kind} before ${server}, with ${which} cache one event behind, and with all of them, it makes the same objects, once`, async () => {
    const expected = await expectedLife();
    const { plural } = dialect.resource;
    await tryAll(some(staleCaches([plural, ...Object.values(childKinds).map((kind) => kind.plural)])), expected);
  });
};
