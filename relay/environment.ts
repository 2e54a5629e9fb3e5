// The environment that every child starts from: a short list of the relay's own variables. Never the whole of it, which
// may hold the relay's secrets (keys, tokens, proxy passwords).
import { delimiter, isAbsolute } from "node:path";

const WINDOWS_NAMES =
  "SystemRoot SystemDrive windir ComSpec PATHEXT TEMP TMP USERPROFILE USERNAME APPDATA LOCALAPPDATA ProgramData ProgramFiles " +
  "ProgramFiles(x86) HOMEDRIVE HOMEPATH NUMBER_OF_PROCESSORS PROCESSOR_ARCHITECTURE";
const UNIX_NAMES = "HOME USER LOGNAME SHELL LANG LANGUAGE LC_ALL LC_CTYPE TZ TMPDIR XDG_RUNTIME_DIR";
const NAMES = (process.platform === "win32" ? WINDOWS_NAMES : UNIX_NAMES).split(" ");

const DEFAULT_PATH = process.platform === "win32" ? "" : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Without empty and relative parts (they mean the working directory) and without what npm puts in front of its scripts. */
function safePath(path: string | undefined): string {
  const parts = (path ?? "").split(delimiter).filter((part) => isAbsolute(part) && !/[\\/]node_modules[\\/]/.test(part));
  return parts.length > 0 ? parts.join(delimiter) : DEFAULT_PATH;
}

export function baseEnvironment(own: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const base: Record<string, string> = { PATH: safePath(own["PATH"]) };
  for (const name of NAMES) {
    const value = own[name];
    if (value !== undefined) base[name] = value;
  }
  return base;
}
