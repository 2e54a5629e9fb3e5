// Entry of the CLI: finds the verb, shows help, turns failures into lines and exit codes.
import { PRODUCT_VERSION } from "../protocol/version.ts";
import { CliFailure, EXIT } from "./failure.ts";
import { plain } from "./output.ts";
import { helpOf, readInput } from "./verb.ts";
import { VERBS } from "./verbs.ts";

function overview(): string {
  const width = Math.max(...Object.keys(VERBS).map((name) => name.length));
  const lines = Object.entries(VERBS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `farhand: use your own machines from anywhere\n\n${lines.join("\n")}\n\nfarhand VERB --help shows options and examples. FARHAND_URL and FARHAND_API_KEY, else what \`farhand login\` stored.\n`;
}

async function main([name, ...argv]: readonly string[]): Promise<void> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(overview());
    process.exitCode = name === undefined ? EXIT.usage : EXIT.done;
    return;
  }
  if (name === "--version" || name === "-v") {
    process.stdout.write(`${PRODUCT_VERSION}\n`);
    return;
  }
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (!verb) throw new CliFailure(EXIT.usage, `There is no verb ${name}: farhand --help lists them.`);
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  if (own.includes("--help") || own.includes("-h")) {
    process.stdout.write(helpOf(name, verb));
    return;
  }
  const input = readInput(verb, argv);
  await (await verb.load()).run(input);
}

function fail(error: unknown): void {
  const known = error instanceof CliFailure;
  process.stderr.write(`farhand: ${plain(known ? error.message : String((error as Error).stack))}\n`);
  process.exitCode = known ? error.exitCode : EXIT.failed;
}

// `farhand jobs | head` closes the pipe: that is the reader's right.
process.stdout.on("error", () => process.exit(process.exitCode ?? EXIT.done));
await main(process.argv.slice(2)).catch(fail);
