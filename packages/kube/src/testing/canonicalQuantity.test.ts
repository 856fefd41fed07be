import { strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalQuantity } from './canonicalQuantity.ts';

test('canonicalQuantity: writes quantities as the API server does', () => {
  const table = {
    '1024Mi': '1Gi',
    '0.5Gi': '512Mi',
    '1000m': '1',
    '0.1': '100m',
    '1.5': '1500m',
    '1e3': '1e3',
    '1500e3': '1500e3',
    '12E': '12E',
    '512': '512',
    '1023': '1023',
    '0.5Ki': '512',
    '0': '0',
    '-1Ki': '-1Ki',
    '100n': '100n',
    '1000k': '1M',
    text: 'text',
    '': '',
  };
  for (const [given, written] of Object.entries(table)) strictEqual(canonicalQuantity(given), written, given);
});
