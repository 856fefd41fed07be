/**
 * Options of a role (`users[].options`), as `ALTER ROLE name WITH …` takes them.
 *
 * The text goes into SQL, so nothing is handed on that was not understood: it is cut into words, numbers and quoted texts, read by the
 * grammar of PostgreSQL 18 (gram.y, AlterOptRoleElem) without passwords, and written anew.
 */

export type RoleOptions =
  { readonly kind: 'options'; readonly options: readonly string[] } | { readonly kind: 'refused'; readonly reason: string };

/** Words that stand alone, with the attribute that they turn on or off. */
const attributes = ['SUPERUSER', 'CREATEROLE', 'CREATEDB', 'LOGIN', 'REPLICATION', 'BYPASSRLS', 'INHERIT'];

type Token =
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly text: string };

const tokenGrammar = /\s*(?:([a-z_]\w*)|([+-]?\s*\d+)(?![\w.])|'((?:[^']|'')*)')/iy;

const tokensOf = (options: string): readonly Token[] | undefined => {
  const tokens: Token[] = [];
  const trimmed = options.trimEnd();
  tokenGrammar.lastIndex = 0;
  while (tokenGrammar.lastIndex < trimmed.length) {
    const match = tokenGrammar.exec(trimmed);
    if (match === null) return undefined;
    const [, word, number, text] = match;
    if (word !== undefined) tokens.push({ kind: 'word', text: word.toUpperCase() });
    else if (number !== undefined) tokens.push({ kind: 'number', value: Number(number.replaceAll(/\s/g, '')) });
    else tokens.push({ kind: 'text', text: (text ?? '').replaceAll("''", "'") });
  }
  return tokens;
};

const refused = (reason: string): RoleOptions => ({ kind: 'refused', reason });

const quoteLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Reads `options`; a role may log in unless they say otherwise. `reason` continues a sentence: "refused: REASON". */
export const parseRoleOptions = (options: string): RoleOptions => {
  if (/--|\/\*|\*\//.test(options)) return refused('comments are not allowed');
  const tokens = tokensOf(options);
  // A backslash is only a character where standard_conforming_strings is on, and that is a setting.
  if (tokens === undefined || tokens.some((token) => token.kind === 'text' && /[\\\0\r\n]/.test(token.text))) {
    return refused('it holds something that is no role option');
  }
  const found = new Map<string, string>();
  let index = 0;
  while (index < tokens.length) {
    const token = tokens[index++];
    if (token?.kind !== 'word') return refused('an option begins with a word');
    const bare = token.text.startsWith('NO') ? token.text.slice(2) : token.text;
    const next = tokens[index];
    let attribute: string;
    let rendered: string;
    if (attributes.includes(bare)) {
      attribute = bare;
      rendered = token.text;
    } else if (token.text === 'CONNECTION' && next?.kind === 'word' && next.text === 'LIMIT') {
      const limit = tokens[index + 1];
      if (limit?.kind !== 'number' || limit.value < -1 || limit.value > 2147483647) {
        return refused('CONNECTION LIMIT needs a whole number, -1 for none');
      }
      attribute = 'CONNECTION LIMIT';
      rendered = `CONNECTION LIMIT ${limit.value}`;
      index += 2;
    } else if (token.text === 'VALID' && next?.kind === 'word' && next.text === 'UNTIL') {
      const until = tokens[index + 1];
      if (until?.kind !== 'text') return refused("VALID UNTIL needs a time in quotes, such as '2030-01-01'");
      attribute = 'VALID UNTIL';
      rendered = `VALID UNTIL ${quoteLiteral(until.text)}`;
      index += 2;
    } else if (token.text.endsWith('PASSWORD') || token.text === 'ENCRYPTED' || token.text === 'UNENCRYPTED') {
      return refused("passwords belong into the user's Secret");
    } else if (['IN', 'ROLE', 'USER', 'ADMIN', 'SYSID'].includes(token.text)) {
      return refused(`${token.text} can only be given when a role is created; grant memberships in SQL`);
    } else {
      // Not what it is: who forgets quotes may have written a password here.
      return refused('it holds a word that is no role option');
    }
    if (found.has(attribute)) return refused(`${attribute} is given twice`);
    found.set(attribute, rendered);
  }
  return { kind: 'options', options: [...(found.has('LOGIN') ? [] : ['LOGIN']), ...found.values()] };
};
