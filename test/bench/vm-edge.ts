// Virtual machines as a client of the API sees them: through edge and relay, the serial console's first byte, and what the
// driver costs a relay that has nothing to do.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { until } from "../fixtures/until.ts";
import { pidOf, startProduct, type Product } from "../product.ts";
import { interleaved, median, pssBytes, timed, type Figure } from "./measure.ts";
import { GUEST_BYTES, MiB, relayToml, type VmRig } from "./vm-rig.ts";

const IDLE_MS = 20_000;
const ROUNDS = 15;
const BYTE_MS = 10_000;
const TICKS_PER_SECOND = 100;

/** Processor time of a process since it began. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

async function asked<T>(product: Product, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await product.request(method, path, body, method === "GET" ? {} : { prefer: "wait=60" });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body.slice(0, 400)}`);
  return JSON.parse(answer.body) as T;
}

const vmsOf = (product: Product) => `/api/v1/hosts/${product.ready.host}/vms`;
const listed = async (product: Product) => (await asked<{ items: unknown[] }>(product, "GET", `${vmsOf(product)}?limit=200`)).items.length;

/** Ticket, socket, and the first byte: of a guest's shell after a line feed, or of the screen's greeting. */
async function firstByte(product: Product, vm: string, console: "serial" | "screen"): Promise<void> {
  const late = AbortSignal.timeout(BYTE_MS);
  const { url } = await asked<{ url: string }>(product, "POST", `${vmsOf(product)}/${vm}/console`, { console });
  const socket = new WebSocket(new URL(url, product.ready.url.replace(/^http/, "ws")), {
    headers: { authorization: `Bearer ${product.ready.api_key}` },
    perMessageDeflate: false,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.on("error", reject);
      late.addEventListener("abort", () => reject(new Error(`the ${console} said nothing in ${BYTE_MS} ms`)));
      if (console === "serial") socket.on("open", () => socket.send(Buffer.from("\n")));
      socket.on("message", (_data, isBinary) => {
        if (isBinary) resolve();
      });
      socket.on("close", () => reject(new Error("the console closed")));
    });
  } finally {
    socket.removeAllListeners("close");
    const over = new Promise((resolve) => socket.once("close", resolve));
    socket.close();
    if (socket.readyState !== WebSocket.CLOSED) await over;
  }
}

/** libvirt's usual path is in the fixture's own file system, which the relay does not see. */
async function placeScreen(rig: VmRig, vm: string): Promise<void> {
  const { folder } = rig.host.daemon;
  const xml = await rig.virsh("dumpxml", "--inactive", "--security-info", vm);
  const file = join(folder, "console.xml");
  writeFileSync(file, xml.replace(/<listen type='socket'[^>]*>/, `<listen type='socket' socket='${join(folder, "console.vnc")}'/>`));
  await rig.virsh("define", file);
}

async function consoleFigures(product: Product, rig: VmRig): Promise<Figure[]> {
  const made = await asked<{ result: { data: { id: string } } }>(product, "POST", vmsOf(product), {
    name: "console",
    cpus: 1,
    memory_bytes: GUEST_BYTES,
    firmware: "bios",
    disks: [{ image: "guest" }],
  });
  const vm = made.result.data.id;
  await placeScreen(rig, vm);
  await asked(product, "POST", `${vmsOf(product)}/${vm}/start`, {});
  await until(
    "the guest's agent",
    () =>
      rig.virsh("qemu-agent-command", vm, '{"execute":"guest-ping"}').then(
        () => true,
        () => false,
      ),
    120_000,
  );
  const [screens, serials]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    screens.push(await timed(() => firstByte(product, vm, "screen")));
    serials.push(await timed(() => firstByte(product, vm, "serial")));
    // QEMU's second begins when the port was let go.
    await sleep(1_000 * ((round + 0.5) / ROUNDS));
  }
  await asked(product, "DELETE", `${vmsOf(product)}/${vm}?force=true&delete_disks=true`);
  return [
    { name: "screen: ticket, WebSocket, first byte of QEMU", value: median(screens), unit: "ms" },
    { name: "serial, of the guest (QEMU looks at its pty once a second)", value: median(serials), unit: "ms" },
  ];
}

/** Memory of the relay with few machines and with many, and the processor it takes while nothing happens. */
async function idleFigures(product: Product, rig: VmRig, many: number): Promise<Figure[]> {
  const pid = pidOf(product, "relay");
  await sleep(IDLE_MS / 2);
  const before = pssBytes(pid);
  await rig.fill(many);
  await until("all machines at the edge", async () => (await listed(product)) >= many, 60_000);
  await sleep(IDLE_MS / 2);
  const after = pssBytes(pid);
  const cpu = cpuMs(pid);
  await sleep(IDLE_MS);
  return [
    { name: "relay, idle, with one machine: PSS", value: before / MiB, unit: "MiB" },
    { name: `relay, idle, with ${many} machines: PSS`, value: after / MiB, unit: "MiB" },
    { name: `relay, idle, with ${many} machines: processor`, value: ((cpuMs(pid) - cpu) / IDLE_MS) * 100, unit: "%" },
  ];
}

export async function edgeFigures(rig: VmRig, vm: string, many: number): Promise<Figure[]> {
  const product = await startProduct(relayToml(rig));
  try {
    await until("the inventory", async () => (await listed(product)) > 0);
    const consoles = await consoleFigures(product, rig);
    const idle = await idleFigures(product, rig, many);
    const one = () => asked(product, "GET", `${vmsOf(product)}/${vm}`);
    const list = () => listed(product);
    await interleaved([one, list], 50);
    const [ones, lists] = await interleaved([one, list], 100);
    return [
      { name: "GET …/vms/{vm} through the edge, read from the host", value: median(ones!), unit: "ms" },
      { name: `GET …/vms through the edge, ${many} machines`, value: median(lists!), unit: "ms" },
      ...consoles,
      ...idle,
    ];
  } finally {
    await product.stop();
  }
}
