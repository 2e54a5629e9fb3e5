// The shell that the tests' guest gives on its serial port, for tests in which the guest itself says what its disks hold.
import type { LibvirtClient } from "../../../../relay/drivers/libvirt/rpc/client.ts";
import type { LibvirtStream } from "../../../../relay/drivers/libvirt/rpc/stream.ts";
import { until } from "../../../fixtures/until.ts";

/** Software emulation on a loaded machine: a boot takes five seconds when idle. */
export const BOOT_MS = 120_000;
const FORCE = 1;

export class GuestConsole {
  readonly #client: LibvirtClient;
  readonly #uuid: string;
  #stream: LibvirtStream | null = null;
  #text = "";

  constructor(client: LibvirtClient, uuid: string) {
    this.#client = client;
    this.#uuid = uuid;
  }

  /** Takes the console; anew after each start of QEMU. */
  async open(): Promise<void> {
    this.#stream?.destroy();
    const { domain } = await this.#client.call("domainLookupByUuid", { uuid: this.#uuid });
    const { stream } = await this.#client.openStream("domainOpenConsole", { domain, device: null, flags: FORCE });
    this.#text = "";
    stream.on("data", (bytes: Buffer) => (this.#text += bytes.toString("latin1")));
    this.#stream = stream;
  }

  /** Starts the machine so that not a word is lost, and waits for the guest. */
  async boot(): Promise<void> {
    const { domain } = await this.#client.call("domainLookupByUuid", { uuid: this.#uuid });
    await this.#client.call("domainCreateWithFlags", { domain, flags: 1 });
    await this.open();
    await this.#client.call("domainResume", { domain });
    await this.ready();
  }

  /** Waits for a guest that was just started. Its shell answers even where its first words were missed. */
  async ready(): Promise<void> {
    await until("the guest", () => this.#text.includes("GUEST-READY") || this.#text.includes("# "), BOOT_MS);
  }

  /** Runs a line in the guest's shell and gives what it printed. */
  async shell(line: string): Promise<string> {
    const from = this.#text.length;
    this.#stream!.write(`${line}; echo; echo "do""ne"\n`);
    await until(line, () => this.#text.slice(from).includes("\ndone"), BOOT_MS);
    return this.#text.slice(from);
  }

  /** What the disk holds by the device, not by the guest's cache. */
  disk(device: string, bytes: number): Promise<string> {
    return this.shell(`echo 3 > /proc/sys/vm/drop_caches; head -c ${bytes} ${device}`);
  }

  close(): void {
    this.#stream?.destroy();
  }
}
