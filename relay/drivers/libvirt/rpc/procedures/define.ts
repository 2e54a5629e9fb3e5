// What an entry of the procedure table is. Numbers and types come from libvirt's published remote_protocol.x, which only ever
// gets longer: a number is never reused and a type never changed.
import { struct, type Fields, type Struct, type XdrType } from "../types.ts";

/** Programs of the protocol, and the version that all of them have. */
export const PROGRAMS = { remote: 0x2000_8086, qemu: 0x2000_8087, keepalive: 0x6b65_6570 } as const;
export const PROGRAM_VERSION = 1;

/**
 * `quick`: answered from the daemon's memory, on the connection that all calls share. `slow`: may hold one of the daemon's
 * workers for long (job locks, storage, the guest agent), so it gets a connection of its own. `stream`: opens a byte stream.
 */
export type Pace = "quick" | "slow" | "stream";

export interface Procedure<A, R, P extends Pace = Pace> {
  readonly program: number;
  readonly number: number;
  readonly pace: P;
  readonly args: XdrType<A>;
  readonly result: XdrType<R>;
}

const entry =
  <P extends Pace>(program: number, pace: P) =>
  <A extends Fields, R extends Fields>(number: number, args: A, result: R): Procedure<Struct<A>, Struct<R>, P> => ({
    program,
    number,
    pace,
    args: struct(args),
    result: struct(result),
  });

export const quick = entry(PROGRAMS.remote, "quick");
export const slow = entry(PROGRAMS.remote, "slow");
export const stream = entry(PROGRAMS.remote, "stream");
export const agent = entry(PROGRAMS.qemu, "slow");
