// A peer on a unix socket that speaks libvirt's envelope and does what a test says: answers late, wrongly or not at all. For
// what the real libvirtd cannot be made to do.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LibvirtAddress } from "../../../../relay/drivers/libvirt/rpc/address.ts";
import {
  buildMessage,
  HEADER_BYTES,
  MESSAGE_STATUS,
  MESSAGE_TYPE,
  MessageSplitter,
  readHeader,
  type Header,
} from "../../../../relay/drivers/libvirt/rpc/message.ts";
import { PROGRAMS } from "../../../../relay/drivers/libvirt/rpc/procedures/define.ts";
import { procedure, PROCEDURES, type ProcedureName, type ResultOf } from "../../../../relay/drivers/libvirt/rpc/procedures.ts";
import { remoteError } from "../../../../relay/drivers/libvirt/rpc/types.ts";
import { XdrReader } from "../../../../relay/drivers/libvirt/rpc/xdr.ts";

const NAMES = new Map(Object.entries(PROCEDURES).map(([name, { program, number }]) => [`${program}/${number}`, name as ProcedureName]));

export interface FakeCall {
  readonly name: ProcedureName | null;
  readonly header: Header;
  readonly args: unknown;
  readonly payload: Buffer;
  readonly socket: Socket;
  reply<N extends ProcedureName>(name: N, result: ResultOf<N>): void;
  fail(number: number, domain: number, message: string): void;
  /** A message with this call's serial and any type, status and bytes. */
  raw(type: number, status: number, bytes: Uint8Array): void;
}

export type Behaviour = (call: FakeCall) => void;

/** Answers what opening a connection takes; true when it did. */
export function opens(call: FakeCall): boolean {
  if (call.name === "authList") call.reply("authList", { types: [0] });
  else if (call.name === "connectOpen") call.reply("connectOpen", {});
  else if (call.name === "connectDomainEventCallbackRegisterAny") call.reply("connectDomainEventCallbackRegisterAny", { callback: 1 });
  else return false;
  return true;
}

function describe(socket: Socket, message: Buffer): FakeCall {
  const header = readHeader(message);
  const name = NAMES.get(`${header.program}/${header.procedure}`) ?? null;
  const isCall = header.type === MESSAGE_TYPE.call && name !== null;
  const send = (type: number, status: number, write: Parameters<typeof buildMessage>[1]) =>
    void (socket.writable && socket.write(buildMessage({ ...header, type, status }, write)));
  return {
    name,
    header,
    socket,
    args: isCall ? procedure(name).args.read(new XdrReader(message, HEADER_BYTES)) : null,
    payload: message.subarray(HEADER_BYTES),
    reply: (name, result) => send(MESSAGE_TYPE.reply, MESSAGE_STATUS.ok, (writer) => procedure(name).result.write(writer, result)),
    fail: (number, domain, message) =>
      send(MESSAGE_TYPE.reply, MESSAGE_STATUS.error, (writer) =>
        remoteError.write(writer, {
          number,
          domain,
          message,
          level: 2,
          of: null,
          text1: null,
          text2: null,
          text3: null,
          int1: 0,
          int2: 0,
          network: null,
        }),
      ),
    raw: (type, status, bytes) => send(type, status, (writer) => writer.fixed(bytes)),
  };
}

export interface FakeDaemon {
  readonly address: LibvirtAddress;
  readonly sockets: Set<Socket>;
  /** Connections there ever were. */
  readonly count: () => number;
  /** Answers to this daemon's pings. */
  readonly pongs: () => number;
  behave(behaviour: Behaviour): void;
  /** Keepalive pings are answered unless this says false. */
  answerPings(answer: boolean): void;
  close(): Promise<void>;
}

/** `first` may take a call before the usual answers to what opening takes: true when it did. */
export async function startFakeDaemon(behaviour: Behaviour, first: (call: FakeCall) => boolean = () => false): Promise<FakeDaemon> {
  const folder = mkdtempSync(join(tmpdir(), "fh-fake-"));
  const path = join(folder, "sock");
  const sockets = new Set<Socket>();
  let current = behaviour;
  let isAnswering = true;
  let count = 0;
  let pongs = 0;
  const server = createServer((socket) => {
    count += 1;
    sockets.add(socket);
    const splitter = new MessageSplitter();
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk) =>
      splitter.push(chunk, (message) => {
        const call = describe(socket, message);
        if (call.header.program === PROGRAMS.keepalive) {
          if (call.header.procedure === 2) pongs += 1;
          else if (isAnswering) socket.write(buildMessage({ ...call.header, procedure: 2 }, () => undefined));
        } else if (!first(call) && !opens(call)) current(call);
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    address: { sockets: [path], uri: "qemu:///system" },
    sockets,
    count: () => count,
    pongs: () => pongs,
    behave: (behaviour) => void (current = behaviour),
    answerPings: (answer) => void (isAnswering = answer),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
