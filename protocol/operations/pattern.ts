// Patterns of operations and uses in grants and relay.toml. Apart from the registry, so that the web app can judge grants without it.

/** Does `pattern` (`*`, `noun.*` or a name) cover an operation? */
export function matchesOperation(pattern: string, name: string): boolean {
  if (pattern === "*") return true;
  return pattern.endsWith(".*") ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}
