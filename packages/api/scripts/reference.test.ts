import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integer, list, listMap, map, object, required, set, string } from '../src/schema/builders.ts';
import { referencePage } from './reference.ts';

const page = referencePage(
  {
    group: 'example.com',
    names: { kind: 'Shelf', listKind: 'ShelfList', plural: 'shelves', singular: 'shelf', shortNames: [], categories: [] },
    versions: [
      { name: 'v1', storage: true },
      { name: 'v2', storage: false },
    ],
    columns: [],
    schema: object('', {
      spec: object(
        'What is asked for.',
        {
          width: required(integer('Width in cm.', { minimum: 10, maximum: 300 })),
          colour: string('Colour.', { enum: ['red', 'blue'], default: 'red' }),
          finish: string('Finish: matt | gloss.', { assumed: 'matt', pattern: '^(matt|gloss)$' }),
          books: listMap('The books.', ['title'], object('', { title: required(string('Title.', { minLength: 1, maxLength: 80 })) }), {
            maxItems: 9,
          }),
          owners: map('Owners.', list('', string('', { enum: ['me', 'you'] }), { nullable: true })),
          rooms: map('Rooms.', object('', { floor: integer('Floor.') })),
          tags: set('Tags.', string('', { maxLength: 1 }), { minItems: 1 }),
        },
        { rules: [{ rule: 'true', message: 'it has to stand', fieldPath: '.width', versions: ['v2'] }] },
      ),
      status: object('What is.', {}),
    }),
  },
  'All about shelves.',
);

const rows: Readonly<Record<string, string>> = {
  'a required number with bounds': '| `width` | integer |  | required; ≥ 10; ≤ 300 | Width in cm. |',
  'an enumeration with a default': '| `colour` | string | `"red"` | `red`, `blue` | Colour. |',
  'an assumed default in italics, and bars that do not end the cell':
    '| `finish` | string | _matt_ | pattern `^(matt\\|gloss)$` | Finish: matt \\| gloss. |',
  'a set with bounds of its items': '| `tags` | list of string |  | at least 1 item; each: at most 1 character | Tags. |',
  'what the lists in a map may hold': '| `owners` | map of list of string |  | each: may be null; each: `me`, `you` | Owners. |',
  'a field of the values of a map in the section of the map': '| `*.floor` | integer |  |  | Floor. |',
  'a field of a list in the section of the list': '| `[].title` | string |  | required; 1 to 80 characters | Title. |',
  'a rule with the field and the version': '- `width`: it has to stand (v2)',
  'a section for each object': '### spec.books',
  'the versions': 'API versions: `example.com/v1` (stored), `example.com/v2`.',
};

for (const [what, text] of Object.entries(rows)) {
  test(`reference: shows ${what}`, () => {
    assert.ok(page.includes(text), page);
  });
}
