// Reads the compatibility date and flags from wrangler.toml, where they stand once.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getStaticTOMLValue, parseTOML } from "toml-eslint-parser";

interface Compatibility {
  readonly date: string;
  readonly flags: readonly string[];
}

export function readCompatibility(root: string): Compatibility {
  const value = getStaticTOMLValue(parseTOML(readFileSync(join(root, "wrangler.toml"), "utf8"))) as Record<string, unknown>;
  const { compatibility_date: date, compatibility_flags: flags } = value;
  if (typeof date !== "string" || !Array.isArray(flags))
    throw new Error("wrangler.toml: compatibility_date and compatibility_flags are needed");
  return { date, flags: flags.map(String) };
}
