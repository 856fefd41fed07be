/**
 * Whatever goes wrong once, a cluster comes to the same. Every write is tried before the API server in this process, which stores, merges and refuses
 * as the real one does (a conformance suite holds it to that) and answers at once; each eighth also before the real one.
 */
import { dialects } from '@pgherd/engine';
import { defineConvergence } from './testing/convergence.ts';
import { placeInProcess, placesIn } from './testing/places.ts';
import { realApiServerConfig } from '@pgherd/kube/testing';

for (const dialect of dialects) {
  defineConvergence({ dialect, server: 'an API server in the process', newPlace: placeInProcess, every: 1, parallel: 4 });
  defineConvergence({ dialect, server: 'kube-apiserver', newPlace: placesIn(await realApiServerConfig()), every: 8, parallel: 6 });
}
