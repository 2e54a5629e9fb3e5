// The repository's source files, as the convention tests read them.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

export const root = join(import.meta.dirname, "../..");

const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" });

/** Paths from the root, with `/`; tracked or new, never ignored or deleted ones. */
export const files: readonly string[] = listed.split("\n").filter((path) => path && existsSync(join(root, path)));

export const read = (path: string): string => readFileSync(join(root, path), "utf8");

const SOURCE = /^(protocol|worker|relay|agents|embedded|cli|scripts|web)\/.*\.(ts|tsx|mjs)$/;
/** Product sources: not tests, not generated. */
export const sources: readonly string[] = files.filter(
  (path) => SOURCE.test(path) && !path.includes("/generated/") && !path.endsWith(".d.ts"),
);

/** Relative imports of a file as paths from the root, and package imports as they stand. */
export function importsOf(path: string): string[] {
  const found = read(path).matchAll(/(?<![.\w])(?:from|import)\s*\(?\s*["']([^"']+)["']/g);
  return [...found].map(([, specifier]) =>
    specifier!.startsWith(".") ? posix.normalize(posix.join(posix.dirname(path), specifier!)) : specifier!,
  );
}
