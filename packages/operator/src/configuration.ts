/**
 * What the administrator says, by flags and environment, compiled once into the only form that the rest of the operator sees. A wrong value
 * ends the start with the name of the option and what it takes.
 */
import { parseArgs } from 'node:util';
import { parseWindows, windowSyntax } from '@pgherd/engine';

export interface Configuration {
  /** Path of a kubeconfig; undefined: the pod's own service account, or the default kubeconfig outside a cluster. */
  readonly kubeconfigPath: string | undefined;
  readonly kubeconfigContext: string | undefined;
  /** Namespaces to look after; undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  readonly crds: 'apply' | 'check' | 'off';
  /** Undefined: no election, this process acts alone. */
  readonly leaderElection: { readonly namespace: string; readonly name: string; readonly identity: string } | undefined;
  /** Where /healthz, /readyz and /metrics are served. Host undefined: on every address, IPv6 too where the machine has it. */
  readonly listen: { readonly host: string | undefined; readonly port: number };
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** Clusters worked on at the same time. */
  readonly workers: number;
  readonly clusterDomain: string;
  readonly openshift: boolean;
  /** Image by PostgreSQL major version. */
  readonly postgresImages: Readonly<Record<string, string>>;
  readonly backupImage: string | undefined;
  /** For clusters that set none of their own. */
  readonly maintenanceWindows: string | undefined;
}

/** An option has a value that it does not take. The message names the option and says what it takes. */
export class ConfigurationError extends Error {
  readonly code = 'InvalidConfiguration';
  readonly retryable = false;

  constructor(option: string, given: string, takes: string) {
    super(`option ${option}: ${JSON.stringify(given)} is not ${takes}`);
    this.name = 'ConfigurationError';
  }
}

export interface Option {
  readonly flag: string;
  readonly variable: string;
  readonly fallback: string;
  readonly help: string;
}

const options = {
  kubeconfig: { flag: 'kubeconfig', variable: 'KUBECONFIG', fallback: '', help: 'kubeconfig file, for running outside a cluster' },
  context: { flag: 'context', variable: 'PGHERD_CONTEXT', fallback: '', help: 'context in the kubeconfig' },
  namespaces: {
    flag: 'namespaces',
    variable: 'PGHERD_NAMESPACES',
    fallback: '',
    help: 'comma-separated namespaces to look after; empty: all',
  },
  crds: { flag: 'crds', variable: 'PGHERD_CRDS', fallback: 'check', help: 'custom resource definitions at start: apply, check or off' },
  leaderElection: {
    flag: 'leader-election',
    variable: 'PGHERD_LEADER_ELECTION',
    fallback: 'on',
    help: 'on or off; off only where nothing else runs pgherd',
  },
  leaseNamespace: {
    flag: 'lease-namespace',
    variable: 'PGHERD_LEASE_NAMESPACE',
    fallback: '',
    help: "namespace of the Lease; empty: the pod's own, POD_NAMESPACE",
  },
  leaseName: { flag: 'lease-name', variable: 'PGHERD_LEASE_NAME', fallback: 'pgherd', help: 'name of the Lease' },
  listen: { flag: 'listen', variable: 'PGHERD_LISTEN', fallback: ':8080', help: 'host:port of /healthz, /readyz and /metrics' },
  logLevel: { flag: 'log-level', variable: 'PGHERD_LOG_LEVEL', fallback: 'info', help: 'debug, info, warn or error' },
  workers: { flag: 'workers', variable: 'PGHERD_WORKERS', fallback: '10', help: 'clusters worked on at the same time, 1 to 1000' },
  clusterDomain: {
    flag: 'cluster-domain',
    variable: 'PGHERD_CLUSTER_DOMAIN',
    fallback: 'cluster.local',
    help: 'DNS domain of the Kubernetes cluster',
  },
  openshift: { flag: 'openshift', variable: 'PGHERD_OPENSHIFT', fallback: 'off', help: 'on: the platform chooses user and group ids' },
  postgresImages: {
    flag: 'postgres-images',
    variable: 'PGHERD_POSTGRES_IMAGES',
    fallback: '',
    help: 'images by major version, 17=registry/postgres:17,15=…; used where a manifest names none',
  },
  backupImage: {
    flag: 'backup-image',
    variable: 'PGHERD_BACKUP_IMAGE',
    fallback: '',
    help: 'image with pgbackrest, where a manifest names none',
  },
  maintenanceWindows: {
    flag: 'maintenance-windows',
    variable: 'PGHERD_MAINTENANCE_WINDOWS',
    fallback: '',
    help: 'when clusters that do not say it themselves may be disturbed, "Sat:22:00-03:00, 04:00-05:00 Europe/Berlin"; empty: at any time',
  },
} as const satisfies Record<string, Option>;

/** Every option with its flag, variable, default and meaning, for documents. */
export const documentedOptions = (): readonly Option[] => Object.values(options);

/** The text of `--help`. */
export const usage = (): string => {
  const lines = Object.values(options).map(
    ({ flag, variable, fallback, help }) =>
      `  --${`${flag}=…`.padEnd(20)} ${help}\n${' '.repeat(25)}(${variable}${fallback === '' ? '' : `, default ${fallback}`})`,
  );
  return `pgherd-operator: runs PostgreSQL clusters from their manifests.\n\nOptions, each by flag or environment variable (the flag wins):\n${lines.join('\n')}\n  --help               this text\n`;
};

const oneOf = <Value extends string>(option: string, given: string, values: readonly Value[]): Value => {
  const value = values.find((candidate) => candidate === given);
  if (value === undefined) throw new ConfigurationError(option, given, `one of ${values.join(', ')}`);
  return value;
};

const integer = (option: string, given: string, minimum: number, maximum: number): number => {
  const value = Number(given);
  if (!/^\d+$/.test(given) || value < minimum || value > maximum)
    throw new ConfigurationError(option, given, `a whole number from ${minimum} to ${maximum}`);
  return value;
};

const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

const namespacesFrom = (given: string): readonly string[] | undefined => {
  if (given.trim() === '') return undefined;
  const names = given.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !dnsLabel.test(name));
  if (wrong !== undefined)
    throw new ConfigurationError('--namespaces', wrong, 'the name of a namespace (lower-case letters, digits and hyphens)');
  return [...new Set(names)];
};

const imagesFrom = (given: string, environment: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> => {
  // Deployments of the original operator configure images by these variables; they go on working.
  const related = Object.entries(environment).flatMap(([variable, image]) => {
    const version = /^RELATED_IMAGE_POSTGRES_(\d+)$/.exec(variable)?.[1];
    return version === undefined || image === undefined || image === '' ? [] : [[version, image] as const];
  });
  const pairs = given.split(',').filter((pair) => pair.trim() !== '');
  const own = pairs.map((pair) => {
    const match = /^\s*(\d+)=(\S+?)\s*$/.exec(pair);
    if (match?.[1] === undefined || match[2] === undefined)
      throw new ConfigurationError('--postgres-images', pair, 'VERSION=IMAGE, for example 17=registry/postgres:17');
    return [match[1], match[2]] as const;
  });
  return Object.fromEntries([...related, ...own]);
};

const listenFrom = (given: string): Configuration['listen'] => {
  const match = /^(.*):(\d+)$/.exec(given);
  if (match?.[2] === undefined) throw new ConfigurationError('--listen', given, 'host:port, for example :8080');
  return {
    host: match[1] === '' ? undefined : (match[1] ?? '').replaceAll(/^\[|\]$/g, ''),
    port: integer('--listen', match[2], 0, 65_535),
  };
};

const windowsFrom = (given: string): string | undefined => {
  if (given.trim() === '') return undefined;
  const { windows, wrong } = parseWindows(given);
  const [first = given] = wrong;
  if (wrong.length > 0 || windows.length === 0)
    throw new ConfigurationError('--maintenance-windows', first, `a maintenance window: ${windowSyntax}`);
  return given;
};

/**
 * Compiles flags and environment. `argv` without the program, `environment` as the process has it.
 *
 * @throws ConfigurationError for a value that an option does not take, or an option that does not exist.
 */
export const compileConfiguration = (argv: readonly string[], environment: Readonly<Record<string, string | undefined>>): Configuration => {
  const flags = ((): Readonly<Record<string, string | boolean | undefined>> => {
    try {
      return parseArgs({
        args: [...argv],
        options: Object.fromEntries(Object.values(options).map(({ flag }) => [flag, { type: 'string' as const }])),
        allowPositionals: false,
      }).values;
    } catch (error) {
      throw new ConfigurationError(argv.join(' '), error instanceof Error ? error.message : String(error), 'understood; see --help');
    }
  })();
  const value = (option: Option): string => {
    const flag = flags[option.flag];
    return typeof flag === 'string' ? flag : (environment[option.variable] ?? option.fallback);
  };
  const optional = (option: Option): string | undefined => (value(option) === '' ? undefined : value(option));
  const leaseNamespace = optional(options.leaseNamespace) ?? environment['POD_NAMESPACE'];
  const election = oneOf('--leader-election', value(options.leaderElection), ['on', 'off']);
  if (election === 'on' && leaseNamespace === undefined) {
    throw new ConfigurationError('--lease-namespace', '', 'a namespace: set it, or POD_NAMESPACE, or --leader-election=off');
  }
  return {
    kubeconfigPath: optional(options.kubeconfig),
    kubeconfigContext: optional(options.context),
    namespaces: namespacesFrom(value(options.namespaces)),
    crds: oneOf('--crds', value(options.crds), ['apply', 'check', 'off']),
    leaderElection:
      election === 'off' || leaseNamespace === undefined
        ? undefined
        : {
            namespace: leaseNamespace,
            name: value(options.leaseName),
            identity: environment['POD_NAME'] ?? environment['HOSTNAME'] ?? `pid-${process.pid}`,
          },
    listen: listenFrom(value(options.listen)),
    logLevel: oneOf('--log-level', value(options.logLevel), ['debug', 'info', 'warn', 'error']),
    workers: integer('--workers', value(options.workers), 1, 1000),
    clusterDomain: value(options.clusterDomain),
    openshift: oneOf('--openshift', value(options.openshift), ['on', 'off']) === 'on',
    postgresImages: imagesFrom(value(options.postgresImages), environment),
    backupImage: optional(options.backupImage) ?? environment['RELATED_IMAGE_PGBACKREST'],
    maintenanceWindows: windowsFrom(value(options.maintenanceWindows)),
  };
};
