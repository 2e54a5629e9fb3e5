// `farhand status`: is the edge up, who am I, which hosts are online.
import type * as z from "zod";
import type { Host, meSchema } from "../protocol/api/shapes.ts";
import { fields, print, printJson } from "./output.ts";
import { readList, withEdge } from "./session.ts";
import type { Input } from "./verb.ts";

const HOSTS = 1_000;

export async function run(input: Input): Promise<void> {
  input.atMost(0);
  await withEdge(async (client) => {
    const [me, hosts] = await Promise.all([
      client.get<z.infer<typeof meSchema>>("/api/v1/me"),
      readList<Host>(client, "/api/v1/hosts", HOSTS),
    ]);
    const online = hosts.items.filter((host) => host.online);
    const waiting = hosts.items.reduce((sum, { queue }) => sum + queue.held + queue.queued, 0);
    const running = hosts.items.reduce((sum, { queue }) => sum + queue.delivered + queue.running, 0);
    const answer = {
      url: client.target.url,
      principal: me.principal,
      hosts: hosts.items.length,
      online: online.map((host) => host.name),
      offline: hosts.items.filter((host) => !host.online).map((host) => host.name),
      jobs: { waiting, running },
    };
    if (input.json) return printJson(answer);
    print(
      fields([
        ["edge", client.target.url],
        ["you", me.principal],
        ["online", answer.online.join(", ") || "no host"],
        ["offline", answer.offline.join(", ")],
        ["jobs", `${running} running, ${waiting} waiting`],
      ]),
    );
    if (hosts.items.length === 0) print("\nThere is no host yet: `farhand hosts enroll NAME` prints what to paste on a machine.");
  });
}
