// How bundles for Node reach Node's own modules: by `require`, never by `import`. An import builds a namespace of every
// export, and that of node:http loads undici for its WebSocket: 13 MB in each process.
import { builtinModules } from "node:module";
import type { Plugin } from "esbuild";

export const NODE_BANNER =
  'import { createRequire as __createRequire } from "node:module";const require = __createRequire(import.meta.url);';

const names = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]).concat("node:sqlite", "node:test"));
const NAMESPACE = "node-builtin";

export const leanBuiltins: Plugin = {
  name: "lean-builtins",
  setup(setup) {
    setup.onResolve({ filter: /^[a-z]/ }, ({ path, kind, namespace }) =>
      names.has(path) && kind !== "require-call" && namespace !== NAMESPACE ? { path, namespace: NAMESPACE } : null,
    );
    setup.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
      loader: "js",
    }));
  },
};
