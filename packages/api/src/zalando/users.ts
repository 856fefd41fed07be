/** `spec.users` and the rotation of their passwords. */
import { list, map, string } from '../schema/builders.ts';
import { names } from './shared.ts';

const attributes = ['superuser', 'inherit', 'login', 'createrole', 'createdb', 'replication', 'bypassrls'] as const;

/** In small letters and in capitals; mixed spellings are none. */
const spellings = <Word extends string>(word: Word) => [word, word.toUpperCase() as Uppercase<Word>] as const;

const flag = string('', { enum: attributes.flatMap((attribute) => [...spellings(attribute), ...spellings(`no${attribute}`)]) });

export const users = map(
  'Roles to create: name → flags, which may be null or empty. Each may log in unless it has nologin, and has its password in a Secret. Flags that contradict each other are an error.',
  list('', flag, { nullable: true }),
);

export const secretRotation = {
  usersIgnoringSecretRotation: names('Roles whose password is never changed, even where the operator changes all of them.'),
  usersWithSecretRotation: names('Roles whose password and name are changed regularly, even where the operator changes none.'),
  usersWithInPlaceSecretRotation: names('Roles whose password is changed regularly while their name stays.'),
};
