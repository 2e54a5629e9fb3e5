// Builds the web app into a folder: hashed names under assets/, one page that names the first of them. Refuses an app whose first
// load is too large for a phone.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";

const root = join(import.meta.dirname, "..");
/** Scripts and style sheet that the first screen needs, gzipped. */
const FIRST_LOAD_LIMIT_BYTES = 80 * 1024;
/** Copied as they are: their names are in the page. */
const PLAIN = /\.(svg|png|webmanifest)$/;

/** The entry and all that it imports at once; what is imported when it is used comes later. */
function firstLoad({ outputs }: Metafile): { scripts: string[]; style: string } {
  const entry = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === "web/main.tsx");
  const style = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === "web/style/main.css");
  if (entry === undefined || style === undefined) throw new Error("the web app has no entry");
  const scripts = new Set([entry]);
  for (const path of scripts)
    for (const found of outputs[path]?.imports ?? []) if (found.kind === "import-statement") scripts.add(found.path);
  return { scripts: [...scripts], style };
}

const gzipped = (path: string) => gzipSync(readFileSync(path), { level: 9 }).length;

/** Answers the bytes of the first load, gzipped. */
export async function buildWeb(outdir: string): Promise<number> {
  mkdirSync(outdir, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: "web/main.tsx", style: "web/style/main.css" },
    outdir,
    entryNames: "assets/[name]-[hash]",
    chunkNames: "assets/[name]-[hash]",
    assetNames: "assets/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: ["es2022", "chrome111", "firefox115", "safari16.4"],
    jsx: "automatic",
    jsxImportSource: "preact",
    minify: true,
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
  });
  const { scripts, style } = firstLoad(metafile);
  const href = (path: string) => `/app/assets/${basename(path)}`;
  const head = [
    `<link rel="stylesheet" href="${href(style)}">`,
    `<script type="module" src="${href(scripts[0]!)}"></script>`,
    ...scripts.slice(1).map((path) => `<link rel="modulepreload" href="${href(path)}">`),
  ];
  const page = readFileSync(join(root, "web/index.html"), "utf8").replace("<!-- files -->", head.join("\n    "));
  writeFileSync(join(outdir, "index.html"), page);
  for (const name of readdirSync(join(root, "web")).filter((name) => PLAIN.test(name)))
    writeFileSync(join(outdir, name), readFileSync(join(root, "web", name)));
  const bytes = [...scripts, style].reduce((sum, path) => sum + gzipped(join(root, path)), 0);
  if (bytes > FIRST_LOAD_LIMIT_BYTES)
    throw new Error(`the web app's first load is ${bytes} bytes gzipped, more than ${FIRST_LOAD_LIMIT_BYTES}`);
  return bytes;
}
