/** The process: reads what it was told, runs the operator, and ends in order when asked to. */
import { defaultConfig } from '@pgherd/kube';
import { pino } from 'pino';
import { compileConfiguration, ConfigurationError, usage } from './configuration.ts';
import { describeFailure } from './failures.ts';
import { runOperator, version } from './operator.ts';

const main = async (argv: readonly string[]): Promise<number> => {
  if (argv.includes('--help')) {
    process.stdout.write(usage());
    return 0;
  }
  if (argv.includes('--version')) {
    process.stdout.write(`pgherd-operator ${version}\n`);
    return 0;
  }
  const configuration = ((): ReturnType<typeof compileConfiguration> | undefined => {
    try {
      return compileConfiguration(argv, process.env);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      process.stderr.write(`pgherd-operator: ${error.message}\n`);
      return undefined;
    }
  })();
  if (configuration === undefined) return 2;

  const log = pino({
    level: configuration.logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  });
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      log.info({ signal: name }, 'asked to stop');
      stop.abort(new Error(name));
    });
  }
  try {
    const clusterConfig = await defaultConfig({
      path: configuration.kubeconfigPath,
      context: configuration.kubeconfigContext,
      env: process.env,
    });
    log.info({ version, server: clusterConfig.server, namespaces: configuration.namespaces ?? 'all' }, 'starting');
    await runOperator({ configuration, clusterConfig, log }, stop.signal);
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 0;
    log.fatal(describeFailure(error).said, 'cannot go on');
    return 1;
  }
};

process.exit(await main(process.argv.slice(2)));
