// What the snippets of docs/ run against: the product with a real engine behind it under the names that the pages use, and
// their variables in the environment. And how each language is run.
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startEngine, type EngineProcess } from "../fixtures/engine.ts";
import { startProduct, type Product } from "../product.ts";
import { stepScript, type Snippet } from "./snippets.ts";

export const MODEL = "llama3.2:3b";
const ROOT = join(import.meta.dirname, "../..");
const RUN_MS = 60_000;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type RunSnippet = (snippet: Snippet, more?: Record<string, string>) => Promise<Ran>;

export interface DocsRig {
  readonly product: Product;
  readonly engine: EngineProcess;
  readonly run: RunSnippet;
  stop(): Promise<void>;
}

/** `more`: of relay.toml. */
export async function startDocsRig(more = ""): Promise<DocsRig> {
  const engine = await startEngine({ models: [MODEL] });
  const product = await startProduct(
    `name = "vm100"\n[services.ollama]\nkind = "ollama"\nurl = "${engine.url}"\ndefault_model = "${MODEL}"\n[commands.hostname]\nargv = ["hostname"]\n${more}`,
  );
  const scratch = await mkdtemp(join(tmpdir(), "farhand-docs-"));
  await symlink(join(ROOT, "node_modules"), join(scratch, "node_modules"));
  const stop = async () => {
    await product.stop();
    await engine.stop();
    await rm(scratch, { recursive: true, force: true });
  };
  try {
    await listed(product);
  } catch (error) {
    await stop();
    throw error;
  }
  return { product, engine, run: runnerFor(product, scratch), stop };
}

/** Runs snippets with the product's address and key in their environment; their files go to `scratch`. */
export function runnerFor({ ready }: Product, scratch: string): RunSnippet {
  const environment = {
    FARHAND_URL: ready.url,
    FARHAND_API_KEY: ready.api_key,
    FARHAND_HOST: ready.host,
    CF_ACCESS_CLIENT_ID: "client.access",
    CF_ACCESS_CLIENT_SECRET: "not-looked-at-here",
    GITHUB_RUN_ID: String(process.pid),
    GITHUB_RUN_ATTEMPT: "1",
  };
  return async (snippet, more = {}) => {
    const argv = await command(scratch, snippet);
    return await execute(argv, { ...process.env, ...environment, ...more });
  };
}

async function listed(product: Product): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(50))
    if ((await product.request("GET", `/v1/models/${MODEL}`)).status === 200) return;
  throw new Error("the model was not listed in time");
}

async function command(scratch: string, { language, name, text }: Snippet): Promise<string[]> {
  if (language === "python") return [python(), "-c", text];
  if (language === "sh") return ["bash", "-euo", "pipefail", "-c", text];
  if (language === "yaml") return ["bash", "-e", "-c", stepScript(text)];
  const file = join(scratch, `${name}.mjs`);
  await writeFile(file, text);
  return [process.execPath, file];
}

/** In the project's folder, as the pages say. */
function execute(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0]!, argv.slice(1), { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
    const timer = setTimeout(() => child.kill("SIGKILL"), RUN_MS);
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (piece: string) => (stdout += piece));
    child.stderr.setEncoding("utf8").on("data", (piece: string) => (stderr += piece));
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
}

const SYSTEM_PYTHON = "/usr/bin/python3";
const imports = (program: string, module: string): boolean => {
  try {
    execFileSync(program, ["-c", `import ${module}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};
const python = () => (imports("python3", "requests") ? "python3" : SYSTEM_PYTHON);

/** Python with `requests`: there, or installed when this is root on Debian. */
export function haveRequests(): boolean {
  if (imports("python3", "requests") || imports(SYSTEM_PYTHON, "requests")) return true;
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) return false;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...argv: string[]) =>
    execFileSync("apt-get", ["-o", "DPkg::Lock::Timeout=120", ...argv], { stdio: "ignore", env, timeout: 180_000 });
  const install = () => apt("install", "-y", "--no-install-recommends", "python3-requests");
  try {
    install();
  } catch {
    try {
      apt("update");
      install();
    } catch {
      console.warn("skipped: python3-requests could not be installed");
    }
  }
  return imports(SYSTEM_PYTHON, "requests");
}

/** Whether Python can read the text; null: there is no Python. */
export function pythonParses(text: string): boolean | null {
  if (!imports("python3", "ast")) return null;
  try {
    execFileSync("python3", ["-c", "import ast, sys; ast.parse(sys.stdin.read())"], { input: text, stdio: ["pipe", "ignore", "ignore"] });
    return true;
  } catch {
    return false;
  }
}

const PARSE = `$errors = $null
$null = [System.Management.Automation.Language.Parser]::ParseInput([Console]::In.ReadToEnd(), [ref] $null, [ref] $errors)
ConvertTo-Json -Compress -InputObject @($errors | ForEach-Object { $_.Message })`;

/** What PowerShell's parser does not like; null: there is no PowerShell. */
export function powershellErrors(text: string): string[] | null {
  try {
    const said = execFileSync("pwsh", ["-NoProfile", "-NonInteractive", "-Command", PARSE], {
      input: text,
      stdio: ["pipe", "pipe", "ignore"],
    });
    return JSON.parse(said.toString()) as string[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
