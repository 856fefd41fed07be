/** What can go wrong with images, one class a situation, each with what is in the way and what to do about it. */

/** Base of the errors that a user of `make images` should see as a sentence rather than as a stack trace. */
export abstract class ImageError extends Error {
  abstract readonly code: string;
  /** Whether the same call may succeed later without anything being changed by hand. */
  readonly retryable: boolean = false;
}

/** An option has a value that cannot be used. */
export class InvalidImageOption extends ImageError {
  readonly code = 'InvalidImageOption';
  constructor(option: string, value: string, rule: string) {
    super(`${option} is ${JSON.stringify(value)}: ${rule}`);
  }
}

/** No program that builds images is here, and none can be installed. */
export class NoContainerTool extends ImageError {
  readonly code = 'NoContainerTool';
  constructor(tried: string) {
    super(
      `nothing here can build images (${tried}): install buildah, docker or podman, or run as root on Debian, where buildah is installed`,
    );
  }
}

/** Something that goes into an image is not in the checkout. */
export class MissingInput extends ImageError {
  readonly code = 'MissingInput';
  constructor(what: string, remedy: string, cause?: unknown) {
    super(`${what}: ${remedy}`, { cause });
  }
}

/** The operator's sources do not bundle. The message carries esbuild's own, with file and line. */
export class BundleFailed extends ImageError {
  readonly code = 'BundleFailed';
  constructor(entry: string, cause: unknown) {
    super(`${entry} does not bundle: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
