// Made by packages/operator/scripts/generate.ts: do not edit.
export const definitionRevisions: Readonly<Record<string, string>> = {
  postgresclusters: '878552261828bea8',
  postgresqls: '0eb1bcaa6972ffd2',
};
