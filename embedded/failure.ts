// What ends a start before it is ready: one line with the remedy, and the exit code.

/** `message` is shown as it is: what is wrong, then what to do. Never contains a secret. */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
  /** 1: failed, 2: usage or a state that the user must change first. */
  readonly exitCode: 1 | 2;
  constructor(message: string, exitCode: 1 | 2) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Why the operating system refused, in words. */
export function refusal(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "ENOTDIR" || code === "EEXIST") return "it is not a directory";
  if (code === "EROFS") return "the file system is read-only";
  if (code === "ENOSPC") return "the disk is full";
  if (code === "ENOENT") return "it does not exist";
  return message;
}
