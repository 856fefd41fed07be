/** Runs other programs to their end, without a shell. */
import { spawn } from 'node:child_process';
import { CommandFailed } from './errors.ts';

export interface CommandOptions {
  /** Written to the program's standard input. Default: nothing. */
  readonly input?: string;
  readonly cwd?: string;
  /** Added to this process' environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface CommandOutput {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The PATH for programs: the caller's, and the administrator's folders, which `su` leaves out. */
export function programPath(): string {
  return [process.env['PATH'] ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'].filter((part) => part !== '').join(':');
}

/** Runs a program and returns what it printed, whatever its exit code. @throws CommandFailed if it cannot be started or is killed. */
export function attempt(command: readonly [string, ...string[]], options: CommandOptions = {}): Promise<CommandOutput> {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, PATH: programPath(), ...options.environment },
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // A program that ends without reading its input is judged by its exit code, not by the broken pipe.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('error', (error) => reject(new CommandFailed(command, undefined, error.message, error)));
    child.on('close', (exitCode, signal) => {
      const output = { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
      if (exitCode === null) reject(new CommandFailed(command, undefined, `${output.stderr}\nended by ${signal ?? 'a signal'}`));
      else resolve({ exitCode, ...output });
    });
  });
}

/** Runs a program and returns its standard output. @throws CommandFailed if it does not end with exit code 0. */
export async function run(command: readonly [string, ...string[]], options: CommandOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await attempt(command, options);
  if (exitCode !== 0) throw new CommandFailed(command, exitCode, `${stdout}${stderr}`);
  return stdout;
}
