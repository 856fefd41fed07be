/**
 * Stands for the PostgreSQL and the pgBackRest of one cluster where no pod runs: it answers the programs that the operator has run in them. What
 * statements ask for is read off the scripts, whose form is the engine's (readings.ts there).
 */
import type { ProgramOutput, RunProgram } from '../programs.ts';

interface Role {
  verifier: string | undefined;
  options: readonly string[];
}

export interface Database {
  readonly run: RunProgram;
  /** Undefined: there is no such role, or it has no password. */
  readonly verifierOf: (role: string) => string | undefined;
  /** Another one like it is now. */
  readonly copy: () => Database;
}

interface Contents {
  /** Owners by name. */
  readonly databases: Map<string, string>;
  readonly roles: Map<string, Role>;
  readonly grants: Set<string>;
}

const attributes = ['SUPERUSER', 'CREATEROLE', 'CREATEDB', 'LOGIN', 'REPLICATION', 'BYPASSRLS', 'INHERIT'];

const succeeded = (stdout: string): ProgramOutput => ({ exitCode: 0, stdout, stderr: '' });

const all = (text: string, pattern: RegExp): readonly (readonly string[])[] => [...text.matchAll(pattern)].map((match) => match.slice(1));

/** Outlives the operators that work on it, as the real one does. */
export const newDatabase = (
  { databases, roles, grants }: Contents = { databases: new Map([['postgres', 'postgres']]), roles: new Map(), grants: new Set() },
): Database => {
  const obey = (script: string): void => {
    const variables = new Map(all(script, /^\\set (\w+) '([^']*)'$/gm).map(([name = '', value = '']) => [name, value]));
    for (const [name = ''] of all(script, /CREATE DATABASE %I', '([^']+)'/g)) {
      if (!databases.has(name)) databases.set(name, 'postgres');
    }
    for (const [name = '', owner = ''] of all(script, /ALTER DATABASE %I OWNER TO %I', '([^']+)', '([^']+)'/g)) databases.set(name, owner);
    for (const [name = ''] of all(script, /CREATE ROLE %I', '([^']+)'/g)) {
      if (!roles.has(name)) roles.set(name, { verifier: undefined, options: [] });
    }
    for (const [name = '', options = ''] of all(script, /ALTER ROLE %I WITH %s', '([^']+)', '([^']+)'/g)) {
      const role = roles.get(name);
      if (role !== undefined) role.options = options.split(' ');
    }
    for (const [name = '', variable = ''] of all(script, /ALTER ROLE %I WITH PASSWORD %L', '([^']+)', :'(\w+)'/g)) {
      const role = roles.get(name);
      if (role !== undefined) role.verifier = variables.get(variable);
    }
    for (const [database = '', role = ''] of all(script, /GRANT ALL PRIVILEGES ON DATABASE %I TO %I', '([^']+)', '([^']+)'/g)) {
      grants.add(JSON.stringify({ role, database }));
    }
  };

  const answer = (): string =>
    JSON.stringify({
      serverVersion: '17.6',
      recovering: false,
      roles: [...roles].map(([name, { verifier, options }]) => ({
        name,
        verifier,
        connectionLimit: -1,
        ...Object.fromEntries(attributes.map((attribute) => [attribute, options.includes(attribute)])),
      })),
      databases: [...databases].map(([name, owner]) => ({ name, owner })),
      grants: [...grants].map((grant) => JSON.parse(grant) as unknown),
    });

  /** All are written down, and wait for a start: nothing is to be told of them. */
  const settings = (script: string): string =>
    all(script, /json_array_elements_text\('(\[[^']*\])'\)/g)
      .flatMap(([names = '[]']) => JSON.parse(names) as readonly string[])
      .map((name) => JSON.stringify({ name, written: '', isPending: true }))
      .join('\n');

  return {
    verifierOf: (role) => roles.get(role)?.verifier,
    copy: () => newDatabase(structuredClone({ databases, roles, grants })),
    run: async (_target, _command, input) => {
      if (input === undefined) return succeeded('');
      if (input.includes('pg_file_settings')) return succeeded(settings(input));
      if (input.includes('json_build_object')) return succeeded(answer());
      obey(input);
      return succeeded('');
    },
  };
};
