// A lane: the second kind of socket, for what streams. After the handshake only binary messages travel. Each channel is one
// HTTP exchange, one WebSocket or one terminal, opened by the edge; ids are random, so that an object that was reset cannot
// give out one that still lives. Bytes: client → relay on the channel's offsets of its own direction, and back on those of the other.
//
//   edge → relay   open · data (body) · ack (of the answer) · cancel · attach
//   relay → edge   head · data (answer) · ack (of the body) · cancel (no such channel)
//
// Either side keeps what it sent and the other has not acknowledged. The relay keeps one window more: bytes that the object
// handed on and its reader may not have got when the object is reset.
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { vmIdSchema } from "../operations/vm-fields.ts";
import { CONSOLES } from "../operations/vm-screen.ts";
import { dialectSchema, MODEL_SURFACES, modelIdSchema, serviceNameSchema } from "../services.ts";

const text = (max: number) => z.string().max(max);
const count = z.int().min(0);
const channelId = z.int().min(1).max(0xffff_ffff);

/** A header as it was sent: lower-case name (RFC 9110 token), value without control characters. */
const headerSchema = z.tuple([
  z
    .string()
    .max(128)
    .regex(/^[!#$%&'*+.^_`|~0-9a-z-]+$/),
  z
    .string()
    .max(16 * 1024)
    .regex(/^[^\0\r\n]*$/),
]);
export const headersSchema = z.array(headerSchema).max(LIMITS.headersPerHead);
export type HeaderList = z.infer<typeof headersSchema>;

/** Path and query of a request, as bytes of the request line: percent-encodings stay as they came. */
const pathSchema = z
  .string()
  .max(8 * 1024)
  .regex(/^\/[!-~]*$/);

const asked = {
  /** Who asks, for the relay's usage counts and log. */
  principal: text(400),
  request_id: text(64),
  /** How long the producer may run without a reader, milliseconds. */
  detach_ms: z.int().min(0).max(LIMITS.detachMs),
};

export const openSchema = z.discriminatedUnion("kind", [
  /** One HTTP exchange with a declared service. */
  z.strictObject({
    kind: z.literal("http"),
    service: serviceNameSchema,
    method: z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
    path: pathSchema,
    headers: headersSchema,
    dialect: dialectSchema,
    /** The model that the request names; null: none. For usage counts. */
    model: modelIdSchema.nullable(),
    /** Under which surface usage is counted; absent: the dialect's own. */
    surface: z.enum(MODEL_SURFACES).optional(),
    /** May manage models: the edge's word; the host's file must allow it too. */
    manage: z.boolean(),
    ...asked,
  }),
  /** A WebSocket to a declared service. Both directions carry socket records (socket-records.ts). */
  z.strictObject({ kind: z.literal("socket"), service: serviceNameSchema, path: pathSchema, headers: headersSchema, ...asked }),
  /** An interactive terminal. Both directions carry socket records: binary ones are bytes of the terminal, text ones a {@link terminalMessageSchema}. */
  z.strictObject({
    kind: z.literal("terminal"),
    /** Of terminal.list; null: a new session is made and ends with its shell. */
    terminal: text(64).nullable(),
    mode: z.enum(["write", "read"]),
    columns: z.int().min(2).max(LIMITS.terminalColumns),
    rows: z.int().min(2).max(LIMITS.terminalRows),
    ...asked,
  }),
  /**
   * A virtual machine's console. Both directions carry socket records: binary ones are bytes, of a terminal (serial) or of RFB (screen,
   * RFC 6143); text ones a {@link consoleMessageSchema}.
   */
  z.strictObject({
    kind: z.literal("console"),
    vm: vmIdSchema,
    console: z.enum(CONSOLES),
    /** End the session of whoever has it: a serial port has one reader. */
    take_over: z.boolean(),
    ...asked,
  }),
]);
export type Open = z.infer<typeof openSchema>;
export type OpenOf<K extends Open["kind"]> = Extract<Open, { kind: K }>;

/**
 * The relay's answer. `status` and `headers` are the upstream's, filtered; 101 for sockets and terminals. With `error` the relay
 * itself refuses (a code of the error table): nothing reached the upstream (UPSTREAM_FAILED: it took the request and gave no
 * answer), no data follows but the end, and the edge writes the error in the surface's own shape.
 */
export const headSchema = z.strictObject({
  status: z.int().min(101).max(599),
  headers: headersSchema,
  error: z.strictObject({ code: text(64), message: text(LIMITS.messageChars), retry_after_ms: count.optional() }).optional(),
});
export type Head = z.infer<typeof headSchema>;

/** Text messages of a terminal's socket, both between browser and relay. */
export const terminalMessageSchema = z.discriminatedUnion("type", [
  /** Viewer → relay: its size. The writer's size becomes the terminal's. */
  z.strictObject({
    type: z.literal("resize"),
    columns: z.int().min(2).max(LIMITS.terminalColumns),
    rows: z.int().min(2).max(LIMITS.terminalRows),
  }),
  /** Viewer → relay: bytes of the terminal that it has shown, in all. The relay sends at most a window beyond. */
  z.strictObject({ type: z.literal("shown"), bytes: count }),
  /** Viewer → relay: be the writer now (of those that may write); the one before becomes a reader. */
  z.strictObject({ type: z.literal("take") }),
  /** Relay → viewer: what this is; first, and again when it changes. After one with `reset`, a fresh capture of the screen follows. */
  z.strictObject({
    type: z.literal("state"),
    terminal: text(64),
    title: text(200),
    columns: z.int().min(1),
    rows: z.int().min(1),
    writer: z.boolean(),
    viewers: z.int().min(1),
    reset: z.boolean(),
  }),
  /** Relay → viewer: the shell ended, or the terminal is gone. The socket closes after it. */
  z.strictObject({ type: z.literal("ended"), reason: text(300) }),
]);
export type TerminalMessage = z.infer<typeof terminalMessageSchema>;

/** Text messages of a console's socket. */
export const consoleMessageSchema = z.discriminatedUnion("type", [
  /** Viewer → relay, serial only: bytes that it has shown, in all. The relay sends at most a window beyond; RFB asks for each picture by itself. */
  z.strictObject({ type: z.literal("shown"), bytes: count }),
  /** Relay → viewer: the machine stopped, or somebody else took the console. The socket closes after it. */
  z.strictObject({ type: z.literal("ended"), reason: text(300) }),
]);
export type ConsoleMessage = z.infer<typeof consoleMessageSchema>;

/** The signed part of a lane's hello. Context and signature as on the control socket. */
export const laneHelloBodySchema = z.strictObject({
  version: count,
  relay_version: text(32),
  host_number: z.int().min(1),
  lane: z.int().min(1).max(LIMITS.lanes),
  nonce: text(64),
  epoch: z.int().min(1),
  /** Channels that the relay still has, and how many bytes of the request body it took: the edge goes on from there. */
  channels: z.array(z.strictObject({ channel: channelId, received: count })).max(LIMITS.channelsPerLane + LIMITS.lingerChannels),
});
export type LaneHelloBody = z.infer<typeof laneHelloBodySchema>;

export const LANE_HELLO_CONTEXT = "farhand lane hello v1";

/**
 * A lane's heartbeat, answered by the platform like the control socket's. Words of its own: the platform answers them on every
 * socket of the object, also on clients' sockets that pass through, whose own `ping` must reach its server.
 */
export const LANE_HEARTBEAT = { request: "farhand-lane-ping", response: "farhand-lane-pong" } as const;

/** The lane is up. `complete`: the relay ends every channel that is not listed; else they may still be attached within LIMITS.laneGraceMs. */
export const laneWelcomeSchema = z.strictObject({
  type: z.literal("welcome"),
  epoch: z.int().min(1),
  lane: z.int().min(1).max(LIMITS.lanes),
  complete: z.boolean(),
  channels: z.array(channelId).max(LIMITS.channelsPerLane),
});

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The bytes of an open or a head frame. */
export const encodeHead = (value: Open | Head): Uint8Array => encoder.encode(JSON.stringify(value));

function decode<T>(schema: z.ZodType<T>, bytes: Uint8Array): T | { error_in: string } {
  if (bytes.length > LIMITS.headBytes) return { error_in: "too large" };
  try {
    const parsed = schema.safeParse(JSON.parse(decoder.decode(bytes)));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    return { error_in: `/${issue?.path.join("/") ?? ""}: ${issue?.message ?? "invalid"}` };
  } catch {
    return { error_in: "not JSON" };
  }
}

export const decodeOpen = (bytes: Uint8Array): Open | { error_in: string } => decode(openSchema, bytes);
export const decodeHead = (bytes: Uint8Array): Head | { error_in: string } => decode(headSchema, bytes);
