/** The command line of local instances: `node local/src/cli.ts --help`. */
import { spawn } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { connect, down, instances, linesProgress, LocalError, status, up } from './index.ts';
import { formatDuration } from './progress.ts';

const context = { progress: linesProgress((line) => console.error(line)) };

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('use a whole number.');
  return Number(text);
}

interface Named {
  readonly name: string;
}

const nameOption = ['-n, --name <name>', 'name of the instance', 'default'] as const;

interface UpFlags extends Named {
  readonly nodes?: number;
  readonly controlPlaneOnly?: boolean;
  readonly controllers?: boolean;
  readonly apiServerArgument?: readonly string[];
}

async function runUp(flags: UpFlags): Promise<void> {
  const start = performance.now();
  const nodes = flags.controlPlaneOnly === true ? 0 : flags.nodes;
  const cluster = await up({
    ...context,
    name: flags.name,
    ...(nodes === undefined ? {} : { nodes }),
    ...(flags.controllers === undefined ? {} : { controllers: flags.controllers }),
    ...(flags.apiServerArgument === undefined ? {} : { apiServerArguments: flags.apiServerArgument }),
  });
  const extent = cluster.nodes.length === 0 ? 'control plane only' : `nodes ${cluster.nodes.join(', ')}`;
  console.error(`Instance ${cluster.name} is up (${extent}) after ${formatDuration(performance.now() - start)}: ${cluster.server}`);
  console.error(`  export KUBECONFIG=${cluster.kubeconfigPath}`);
  console.error(`  ${cluster.kubectlPath} get nodes`);
}

async function printStatus(name: string): Promise<void> {
  const { server, kubeconfigPath, apiServerReady, nodes, components } = await status(name, context);
  console.log(`${name}: ${server} ${apiServerReady ? 'ready' : 'does not answer'}, kubeconfig ${kubeconfigPath}`);
  for (const node of nodes) {
    const state = [node.running ? 'running' : 'stopped', node.connected ? 'connected' : 'cut off', node.ready ? 'Ready' : 'not Ready'];
    console.log(`  ${node.name.padEnd(28)} ${node.address.padEnd(16)} ${state.join(', ')}`);
  }
  for (const component of components) {
    const state =
      component.pid === undefined
        ? 'not running'
        : `${(component.residentBytes / 2 ** 20).toFixed(0).padStart(5)} MiB  pid ${component.pid}`;
    console.log(`  ${component.name.padEnd(28)} ${state}`);
  }
}

async function runKubectl(name: string, args: readonly string[]): Promise<void> {
  const cluster = await connect(name, context);
  const child = spawn(cluster.kubectlPath, args, { stdio: 'inherit', env: { ...process.env, KUBECONFIG: cluster.kubeconfigPath } });
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

const program = new Command('local').description('A Kubernetes on this machine. See local/README.md.');

program
  .command('up')
  .description('start an instance, or what of it does not run')
  .option(...nameOption)
  .option('--nodes <count>', 'number of nodes (a new instance has 1)', wholeNumber)
  .option('--control-plane-only', 'API server and etcd only: needs neither root nor packages')
  .option('--controllers', 'with --control-plane-only: run kube-controller-manager too')
  .option('--api-server-argument <argument...>', 'further arguments for kube-apiserver')
  .action(runUp);

program
  .command('down')
  .description('end an instance and remove all that is left of it')
  .option(...nameOption)
  .option('--all', 'all instances')
  .action(async (flags: Named & { readonly all?: boolean }) => {
    const names = flags.all === true ? await instances(context) : [flags.name];
    for (const name of names) if (!(await down(name, context))) console.error(`There is no instance ${name}: nothing to do.`);
  });

program
  .command('status')
  .description('show what runs')
  .option('-n, --name <name>', 'name of the instance (default: all)')
  .action(async (flags: { readonly name?: string }) => {
    const names = flags.name === undefined ? await instances(context) : [flags.name];
    if (names.length === 0) console.log('No instances.');
    for (const name of names) await printStatus(name);
  });

program
  .command('load-image')
  .description('import OCI or Docker archives into every running node')
  .argument('<files...>', 'image archives')
  .option(...nameOption)
  .action(async (files: readonly string[], flags: Named) => {
    const cluster = await connect(flags.name, context);
    await context.progress.step(`Loading ${files.join(', ')}`, () => cluster.loadImage(...files));
  });

const node = program.command('node').description('break a node, and mend it');
const nodeActions = [
  ['stop', 'end everything on a node at once, as a power cut would', 'stopNode'],
  ['start', 'start a stopped node', 'startNode'],
  ['cut', 'cut a node off from the network', 'cutNode'],
  ['heal', 'connect a cut node again', 'healNode'],
] as const;
for (const [action, description, method] of nodeActions) {
  node
    .command(action)
    .description(description)
    .argument('<node>', 'for example node-1')
    .option(...nameOption)
    .action(async (name: string, flags: Named) => {
      const cluster = await connect(flags.name, context);
      await context.progress.step(`${name}: ${action}`, () => cluster[method](name));
    });
}

program
  .command('kubeconfig')
  .description("print the path of an instance's kubeconfig")
  .option(...nameOption)
  .option('--output <file>', 'copy it to this file instead')
  .action(async (flags: Named & { readonly output?: string }) => {
    const { kubeconfigPath } = await connect(flags.name, context);
    if (flags.output === undefined) console.log(kubeconfigPath);
    else await copyFile(kubeconfigPath, flags.output);
  });

program
  .command('kubectl')
  .description('run kubectl against an instance: local kubectl -n NAME -- get pods')
  .argument('[arguments...]')
  .option(...nameOption)
  .action((args: readonly string[], flags: Named) => runKubectl(flags.name, args));

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof LocalError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
