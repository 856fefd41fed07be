/**
 * Whatever goes wrong once, a cluster comes to the same. Every write is tried before the API server in this process, which stores, merges and refuses
 * as the real one does (a conformance suite holds it to that) and answers at once; some also before the real one.
 */
import { dialects } from '@pgherd/engine';
import { chapterForEachStage, defineConvergence, oneChapter } from './testing/convergence.ts';
import { placeInProcess, placesIn } from './testing/places.ts';
import { realApiServerConfig } from '@pgherd/kube/testing';

for (const dialect of dialects) {
  const inProcess = { chapters: chapterForEachStage(dialect), newPlace: placeInProcess };
  defineConvergence({ dialect, server: 'an API server in the process', ...inProcess, every: 1, parallel: 4 });
  const newPlace = placesIn(await realApiServerConfig());
  defineConvergence({ dialect, server: 'kube-apiserver', chapters: oneChapter(dialect, newPlace), newPlace, every: 16, parallel: 6 });
}
