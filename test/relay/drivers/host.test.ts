// The host driver: the contract, and that its numbers are those of this machine.
import { cpus, hostname, totalmem, userInfo } from "node:os";
import { expect, it } from "vitest";
import { parseConfig } from "../../../relay/config.ts";
import { createDrivers } from "../../../relay/drivers/index.ts";
import { start } from "../exec/processes.ts";
import { testDriver } from "./contract.ts";
import { jobContext } from "./job-context.ts";

testDriver({
  name: "host",
  config: "",
  succeeds: {
    "host.info": [{}],
    "host.metrics": [{}],
    "host.processes": [{}, { sort: "cpu", limit: 3 }, { limit: 200 }],
  },
  refuses: [],
});

const drivers = createDrivers(parseConfig("", "/etc/farhand/relay.toml"));
const data = async (operation: string, spec: unknown) => (await drivers.find(operation)!.handler(spec, jobContext({ operation }))).data;

it("host.info is about this machine", async () => {
  expect(await data("host.info", {})).toMatchObject({
    hostname: hostname(),
    os: process.platform,
    cpus: cpus().length,
    memory_bytes: totalmem(),
  });
});

it("host.metrics counts something", async () => {
  const metrics = (await data("host.metrics", {})) as {
    memory_available_bytes: number;
    filesystems: { mount: string }[];
    networks: { name: string }[];
  };
  expect(metrics.memory_available_bytes).toBeGreaterThan(0);
  expect(metrics.filesystems.map(({ mount }) => mount)).toContain("/");
  expect(metrics.networks.map(({ name }) => name)).toContain("lo");
});

it("host.processes lists by memory, with owner, and never an argument", async () => {
  const run = start(["sleep", "300.125"]);
  const { processes, total } = (await data("host.processes", { sort: "memory", limit: 200 })) as {
    total: number;
    processes: { pid: number; name: string; user: string; memory_bytes: number }[];
  };
  run.stop();
  await run.end;
  const own = processes.find(({ pid }) => pid === process.pid);
  expect(own).toMatchObject({ user: userInfo().username });
  expect(own!.memory_bytes).toBeGreaterThan(1_000_000);
  expect(total).toBeGreaterThanOrEqual(processes.length);
  expect(JSON.stringify(processes)).not.toContain("300.125");
});
