/** For tests: the CEL rules of a schema. */
import type { Schema } from '../schema/schema.ts';

/** What the rules of `schema`, however deep, say when they are broken. */
export function ruleMessages(schema: Schema): ReadonlySet<string> {
  const messages = new Set<string>();
  JSON.stringify(schema.node, (name, value: unknown) => {
    // A field may be called so, too.
    if (name === 'rules' && Array.isArray(value))
      for (const { message } of value as readonly { readonly message: string }[]) messages.add(message);
    return value;
  });
  return messages;
}
