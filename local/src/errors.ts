/** What can go wrong with a local instance, one class a situation, each with what is in the way and what to do about it. */

/** Base of all errors that a user of local instances should see as a sentence rather than as a stack trace. */
export abstract class LocalError extends Error {
  abstract readonly code: string;
  /** Whether the same call may succeed later without anything being changed by hand. */
  readonly retryable: boolean = false;
}

/** The machine lacks something that only its owner can bring: root, Linux, Go. */
export class MissingPrerequisite extends LocalError {
  readonly code = 'MissingPrerequisite';
  constructor(what: string, remedy: string) {
    super(`${what}: ${remedy}`);
  }
}

/** A command that was run to its end failed. The message carries the end of what it printed. */
export class CommandFailed extends LocalError {
  readonly code = 'CommandFailed';
  readonly exitCode: number | undefined;
  readonly stderr: string;
  constructor(command: readonly string[], exitCode: number | undefined, stderr: string, cause?: unknown) {
    const tail = stderr.trimEnd().split('\n').slice(-15).join('\n');
    super(`${command.join(' ')} failed${exitCode === undefined ? '' : ` with exit code ${exitCode}`}${tail === '' ? '' : `:\n${tail}`}`, {
      cause,
    });
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

/** A component ended, or did not get ready within its limit. The message carries the end of its log and the log's path. */
export class ComponentFailed extends LocalError {
  readonly code = 'ComponentFailed';
  override readonly retryable = true;
  constructor(component: string, what: string, logPath: string, logTail: string) {
    super(`${component} ${what}. The end of its log, ${logPath}:\n${logTail}`);
  }
}

/** Something awaited did not come about within its limit. */
export class WaitTimedOut extends LocalError {
  readonly code = 'WaitTimedOut';
  override readonly retryable = true;
  constructor(what: string, timeoutMs: number, seen: string) {
    super(`${what} did not happen within ${timeoutMs / 1000} s; last seen: ${seen}`);
  }
}

/** What was asked of an instance contradicts what it is, or asks for one that does not exist. */
export class InstanceConflict extends LocalError {
  readonly code = 'InstanceConflict';
  constructor(name: string, inTheWay: string, remedy: string) {
    super(`local instance ${name}: ${inTheWay}; ${remedy}`);
  }
}

/** An option has a value that cannot be used. */
export class InvalidOption extends LocalError {
  readonly code = 'InvalidOption';
  constructor(option: string, value: string, rule: string) {
    super(`${option} is ${JSON.stringify(value)}: ${rule}`);
  }
}

/** The API server of an instance answered with an error. */
export class RequestFailed extends LocalError {
  readonly code = 'RequestFailed';
  readonly status: number;
  constructor(method: string, path: string, status: number, body: string) {
    super(`${method} ${path}: HTTP ${status}: ${body.slice(0, 500)}`);
    this.status = status;
  }
}
