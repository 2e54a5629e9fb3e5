// `farhand login`: remembers an edge and a key for this user, or makes a sign-in link for a browser.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type * as z from "zod";
import type { meSchema, signInCodeSchema } from "../protocol/api/shapes.ts";
import { dataPaths } from "../embedded/data-directory.ts";
import { readLock } from "../embedded/lock.ts";
import { defaultDataDirectory } from "../embedded/options.ts";
import { Client, type Target } from "./client.ts";
import { usage } from "./failure.ts";
import { note, print, printJson, timeLeft } from "./output.ts";
import { findTarget, originOf, writeProfile } from "./profile.ts";
import type { Input } from "./verb.ts";
import { readSecret } from "./value-source.ts";

/** The edge that was started on this machine, with its admin key. */
function embeddedTarget(input: Input, url: string | undefined): Target {
  const paths = dataPaths(resolve(input.text("data") ?? defaultDataDirectory()));
  let key: string;
  try {
    key = readFileSync(paths.adminKey, "utf8").trim();
  } catch {
    throw usage(
      `There is no edge of yours in ${paths.root}.\nStart one with \`npm start\`, name its directory with --data DIR, or give another edge: farhand login URL --key -`,
    );
  }
  const running = readLock(paths.lock)?.url;
  if (!url && !running) throw usage(`The edge of ${paths.root} is not running: start it with \`npm start\` first.`);
  return { url: url ? originOf(url) : running!, key };
}

function wanted(input: Input): Target {
  const url = input.words[0];
  const key = input.text("key");
  if (key === undefined && (url === undefined || input.text("data") !== undefined)) return embeddedTarget(input, url);
  if (key === undefined) throw usage(`The key is missing: farhand login ${url} --key - reads it from standard input.`);
  if (url === undefined) throw usage("The address is missing: farhand login URL --key -");
  return { url: originOf(url), key: readSecret(key, "--key") };
}

async function link(input: Input): Promise<void> {
  const client = new Client(findTarget());
  try {
    const { body } = await client.ask<z.infer<typeof signInCodeSchema>>("POST", "/api/v1/sign-in-codes", { body: {} });
    const url = client.target.url + body.path;
    if (input.json) return printJson({ url, expires_at: body.expires_at });
    print(url);
    note(`Works once, for ${timeLeft(body.expires_at)}.`);
  } finally {
    client.close();
  }
}

export async function run(input: Input): Promise<void> {
  input.atMost(1);
  if (input.flag("link")) return await link(input);
  const target = wanted(input);
  const client = new Client(target);
  try {
    const me = await client.get<z.infer<typeof meSchema>>("/api/v1/me");
    const path = writeProfile({ url: target.url, api_key: target.key! });
    if (input.json) printJson({ url: target.url, principal: me.principal, profile: path });
    else print(`You are ${me.principal} at ${target.url}; remembered in ${path}.`);
  } finally {
    client.close();
  }
}
