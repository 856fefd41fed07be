/** Claims by name: one that is there keeps the name that it has, the others get ours. */
import type { RenderContext } from './context.ts';

type Claims = Pick<RenderContext, 'claimNames'>;

/** The name of the claim that serves where we would give it the name `ours`. */
export const claimName = ({ claimNames }: Claims, ours: string): string => claimNames.get(ours) ?? ours;

/** Those of the claims that have another name than ours; undefined where there is none. */
export const otherNames = (context: Claims, ours: readonly string[]): readonly string[] | undefined => {
  const others = ours.flatMap((name) => context.claimNames.get(name) ?? []);
  return others.length === 0 ? undefined : others;
};
