// `farhand vm console`: a machine's serial console in this terminal. The machine does not know who looks: leaving changes nothing.
import { isSupported } from "../../protocol/abilities.ts";
import { consoleMessageSchema, type ConsoleMessage } from "../../protocol/link/lane.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Client } from "../client.ts";
import { CliFailure, EXIT, usage } from "../failure.ts";
import { note, plain } from "../output.ts";
import { openTicketed, type LiveSocket } from "../terminal-socket.ts";
import { Tty } from "../tty.ts";
import { virtualOf, type Meant } from "./machines.ts";

/** Acknowledged each time this much was shown: well within the relay's window. */
const SHOWN_EVERY_BYTES = 32 * 1024;
const TYPED_BYTES = LIMITS.socketMessageBytes / 2;

/** Until it is left, taken over, or the machine stops. */
export async function serialConsole(client: Client, { host, name, path }: Meant, takeOver: boolean): Promise<void> {
  const virtual = await virtualOf(client, host);
  if (virtual && !isSupported(virtual, "vm.console"))
    throw new CliFailure(
      EXIT.failed,
      `The machines of ${host} have no console here: Hyper-V's is its own (CONSOLE_UNSUPPORTED).\n\`farhand vm screenshot\` shows the screen, \`farhand vm keys\` types.`,
    );
  if (!process.stdin.isTTY) throw usage("Standard input is not a terminal: the console needs one.");
  note(`Serial console of ${plain(name)} on ${host}. Ctrl-] leaves it.`);
  const over = Promise.withResolvers<string>();
  let socket: LiveSocket<ConsoleMessage> | null = null;
  let acknowledged = 0;
  const shown = (all: number) => {
    if (all - acknowledged < SHOWN_EVERY_BYTES) return;
    acknowledged = all;
    socket?.send({ type: "shown", bytes: all });
  };
  const tty = new Tty({
    typed: (bytes) => {
      for (let at = 0; at < bytes.length; at += TYPED_BYTES) socket?.send(bytes.subarray(at, at + TYPED_BYTES));
    },
    detach: () => over.resolve("Left the console."),
    resized: () => undefined,
  });
  try {
    tty.title(`${plain(name)} on ${host} (Ctrl-] leaves)`);
    const wanted = { console: "serial", take_over: takeOver };
    socket = await openTicketed(
      client,
      { path: `${path}/console`, wanted, messages: consoleMessageSchema },
      {
        message: (message) => message.type === "ended" && over.resolve(plain(message.reason)),
        bytes: (bytes) => tty.write(bytes, shown),
        closed: () => over.reject(new CliFailure(EXIT.unreachable, "The connection was lost; the machine goes on.")),
      },
    );
    const words = await over.promise;
    tty.close();
    note(words);
  } finally {
    socket?.close();
    tty.close();
  }
}
