// Whether dist/ was built from the sources that are here: one line for each source file with its size and time.
// Plain JavaScript, because cli/farhand.mjs reads it on any Node. Builds nothing.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const SOURCES = ["protocol", "worker", "relay", "embedded", "cli", "scripts", "web", "agents"];
const FILES = ["wrangler.toml", "package-lock.json"];
const STAMP = "dist/.stamp";

function walk(root, folder, lines) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) walk(root, path, lines);
    else if (/\.(tsx?|mjs|json|sh|ps1|css|html|svg|webmanifest)$/.test(entry.name)) lines.push(line(root, path));
  }
}

function line(root, path) {
  const { size, mtimeMs } = statSync(join(root, path));
  return `${path} ${size} ${Math.trunc(mtimeMs)}`;
}

/** What the sources look like now, as text to compare. */
export function sourceStamp(root) {
  const lines = FILES.map((path) => line(root, path));
  for (const folder of SOURCES) walk(root, folder, lines);
  return lines.sort().join("\n");
}

/** True when dist/ was built from just these sources. */
export function isBuilt(root) {
  try {
    return readFileSync(join(root, STAMP), "utf8") === sourceStamp(root);
  } catch {
    return false;
  }
}

export const stampFile = (root) => join(root, STAMP);
