// JSON control messages of the link, one zod union each way. Nothing but `challenge`, `hello`, `welcome` and `refused` is
// accepted before the handshake has ended. Every field here is a peer's word: bounded, and checked again where it acts.
import * as z from "zod";
import { jobResultSchema, operationNameSchema, resourceSpecSchema } from "../envelope.ts";
import { ulidSchema } from "../ids.ts";
import { inventoryMessageSchema } from "../inventory.ts";
import { inputDeclarationsSchema } from "../inputs.ts";
import { LIMITS } from "../limits.ts";
import { MODEL_SURFACES, modelIdSchema, serviceSchema } from "../services.ts";
import { virtualResourcesSchema } from "../virtual-resources.ts";
import { streamSchema } from "./records.ts";

const text = (max: number) => z.string().max(max);
const count = z.int().min(0);
const channelId = z.int().min(1).max(0xffff_ffff);
const base64 = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[A-Za-z0-9+/]*={0,2}$/);
const hex64 = z.string().regex(/^[0-9a-f]{64}$/);
export const labelSchema = z
  .string()
  .min(1)
  .max(LIMITS.labelChars)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);
export const hostNameSchema = z
  .string()
  .min(1)
  .max(LIMITS.nameChars)
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/);

/** What a host can do: shown by `GET /hosts`, and used at the edge to know secret inputs. A host's word; it grants nothing. */
export const catalogueSchema = z.strictObject({
  /** Operations that have a driver here and are allowed by relay.toml. */
  operations: z.array(operationNameSchema).max(200),
  drivers: z.array(z.strictObject({ name: text(32), available: z.boolean(), detail: text(300) })).max(40),
  commands: z.record(z.string().max(63), z.strictObject({ description: text(300).optional(), inputs: inputDeclarationsSchema })),
  /** Reached through the lanes, not by jobs. */
  services: z.array(serviceSchema).max(LIMITS.services),
  /** Interactive terminals are enabled in the host's file. */
  terminals: z.boolean(),
  /** Lanes that the relay keeps open: 1 to this number; 0 where there is nothing to stream. */
  lanes: z.int().min(0).max(LIMITS.lanes),
  /** What virtual machines here are made of; null: no hypervisor is declared. */
  virtual: virtualResourcesSchema.nullable().default(null),
});
export type Catalogue = z.infer<typeof catalogueSchema>;

export const factsSchema = z.strictObject({
  hostname: text(255),
  os: text(32),
  os_version: text(200),
  arch: text(32),
  cpus: count,
  memory_bytes: count,
  node_version: text(32),
});
export type HostFacts = z.infer<typeof factsSchema>;

/** What one principal used of one model since the last report. Tokens are those of final chunks: an exchange that was cut off counts in `aborted` and adds none. */
export const usageRowSchema = z.strictObject({
  principal: text(400),
  surface: z.enum(MODEL_SURFACES),
  model: modelIdSchema,
  requests: count,
  aborted: count,
  input_tokens: count,
  output_tokens: count,
});
export type UsageRow = z.infer<typeof usageRowSchema>;

/** A job that the relay's journal holds and whose end the edge has not acknowledged. */
const relayJobSchema = z.strictObject({
  job_id: ulidSchema,
  /** running: still going; ended: its result waits in the journal. */
  state: z.enum(["running", "ended"]),
  /** The channel that this relay process has for it; null after a restart, then the edge's `welcome` names a new one. */
  channel: channelId.nullable(),
});

/** The signed part of a hello, as a JSON string so that both sides hash the same bytes. */
export const helloBodySchema = z.strictObject({
  version: count,
  relay_version: text(32),
  agents_digest: text(128),
  host_number: z.int().min(1),
  lane: z.int().min(0).max(255),
  /** Echo of the challenge. */
  nonce: base64(64),
  epoch: z.int().min(1),
  slots: z.int().min(1).max(LIMITS.slots),
  labels: z.array(labelSchema).max(LIMITS.labels),
  facts: factsSchema,
  catalogue: catalogueSchema,
  /** Identity of the journal file and the number of claims it ever took. A smaller number for the same identity means a restored copy. */
  journal: z.strictObject({ id: z.string().regex(/^[0-9a-f]{32}$/), high_water: count }),
  jobs: z.array(relayJobSchema).max(10_000),
  /** The relay's clock, for showing its times only. */
  now: z.number().min(0),
});
export type HelloBody = z.infer<typeof helloBodySchema>;

export const helloSchema = z.strictObject({ type: z.literal("hello"), body: text(LIMITS.controlMessageBytes), signature: base64(128) });

/** What the signature covers: this text, a newline, then the body's bytes (UTF-8). */
export const HELLO_CONTEXT = "farhand link hello v1";

/**
 * The edge's clock when it sent this, milliseconds. Never compared with the relay's own: the difference between two of these,
 * against the time between their arrivals, says how much longer the second was on its way.
 */
const sentAt = z.number().min(0).optional();

const edgeMessages = [
  /** The first message on a socket. `epoch` is the one this connection will have. */
  z.strictObject({ type: z.literal("challenge"), nonce: base64(64), epoch: z.int().min(1), versions: z.array(count).max(4) }),
  /**
   * The link is up. `jobs` answers `hello.jobs` and names every other job that this host still owes: the channel to use, the channel offset
   * that is durable here (0 for a new channel), and how much of each output stream is here. `gone` jobs are ended
   * at the edge already: the relay stops sending them. `forget` ones it may delete.
   */
  z.strictObject({
    type: z.literal("welcome"),
    host: hostNameSchema,
    epoch: z.int().min(1),
    lane: z.int().min(0).max(255),
    now: sentAt,
    jobs: z
      .array(
        z.strictObject({
          job_id: ulidSchema,
          channel: channelId,
          offset: count,
          stdout_offset: count,
          stderr_offset: count,
          cancel: z.boolean(),
        }),
      )
      .max(10_000),
    gone: z.array(ulidSchema).max(10_000),
  }),
  /** The link is refused; the socket closes. `code` is of the error table. */
  z.strictObject({ type: z.literal("refused"), code: text(64), message: text(LIMITS.messageChars), retry_after_ms: count.optional() }),
  /**
   * Run this. `payload` is the job request as JSON text; `payload_hash` is the lower-case hex SHA-256 of `salt` followed by
   * its UTF-8 bytes; the relay checks it. `expires_in_ms` is what is left of the time-to-live when this was sent.
   */
  z.strictObject({
    type: z.literal("job"),
    job_id: ulidSchema,
    channel: channelId,
    expires_in_ms: count,
    now: sentAt,
    salt: hex64,
    payload_hash: hex64,
    payload: text(LIMITS.controlMessageBytes),
  }),
  /** End this job, also one not seen yet: the relay keeps a tombstone. */
  z.strictObject({ type: z.literal("cancel"), job_id: ulidSchema }),
  z.strictObject({
    type: z.literal("call"),
    call_id: z.int().min(1),
    operation: operationNameSchema,
    resource_spec: resourceSpecSchema,
    timeout_ms: z.int().min(1),
    correlation_id: text(LIMITS.correlationIdChars),
  }),
  /** Read a job's output from the spool; answered by one `spool` frame with this id as its channel. */
  z.strictObject({
    type: z.literal("spool"),
    request: channelId,
    job_id: ulidSchema,
    stream: streamSchema,
    offset: count,
    length: z.int().min(1).max(LIMITS.spoolReadBytes),
  }),
  /** This usage report is durable at the edge: the relay lets go of it. */
  z.strictObject({ type: z.literal("usage_taken"), batch: count }),
  /** A probe that woke the object; answered by `probe_answer`. */
  z.strictObject({ type: z.literal("probe_answer"), id: count, now: sentAt }),
] as const;

const relayMessages = [
  helloSchema,
  /** The relay did not claim this delivery and nothing of it ran: it may come again after `retry_after_ms`. */
  z.strictObject({
    type: z.literal("not_claimed"),
    job_id: ulidSchema,
    code: text(64),
    message: text(LIMITS.messageChars),
    retry_after_ms: count,
  }),
  z.strictObject({ type: z.literal("call_result"), call_id: z.int().min(1), result: jobResultSchema }),
  /** relay.toml or a driver changed. */
  z.strictObject({
    type: z.literal("catalogue"),
    labels: z.array(labelSchema).max(LIMITS.labels),
    slots: z.int().min(1).max(LIMITS.slots),
    catalogue: catalogueSchema,
  }),
  /**
   * Usage since the batch before. `source` names the relay's process and `batch` counts in it: one that comes again on a new
   * link is taken once. The next is sent when this one was taken.
   */
  z.strictObject({
    type: z.literal("usage"),
    source: z.string().regex(/^[0-9a-f]{32}$/),
    batch: z.int().min(1),
    rows: z.array(usageRowSchema).max(LIMITS.usageRows),
  }),
  z.strictObject({ type: z.literal("probe"), id: count }),
  inventoryMessageSchema,
  /** The relay drains: no new job will be claimed on this connection. */
  z.strictObject({ type: z.literal("draining") }),
] as const;

export const edgeMessageSchema = z.discriminatedUnion("type", edgeMessages);
export type EdgeMessage = z.infer<typeof edgeMessageSchema>;
export const relayMessageSchema = z.discriminatedUnion("type", relayMessages);
export type RelayMessage = z.infer<typeof relayMessageSchema>;
export type MessageOf<M extends { type: string }, T extends M["type"]> = Extract<M, { type: T }>;

/** Heartbeat: the platform answers `ping` with `pong` without waking the object. Not JSON on purpose. */
export const HEARTBEAT = { request: "ping", response: "pong" } as const;

/** Application close codes (RFC 6455: 4000–4999). */
export const CLOSE = { replaced: 4001, refused: 4002, invalid: 4003, removed: 4004, draining: 4005, timeout: 4006 } as const;

function parse<T>(schema: z.ZodType<T>, message: string): T | { error: string } {
  if (message.length > LIMITS.controlMessageBytes) return { error: "message too large" };
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch {
    return { error: "not JSON" };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return { error: `/${issue?.path.join("/") ?? ""}: ${issue?.message ?? "invalid"}` };
}

export const parseEdgeMessage = (message: string): EdgeMessage | { error: string } => parse(edgeMessageSchema, message);
export const parseRelayMessage = (message: string): RelayMessage | { error: string } => parse(relayMessageSchema, message);
export const parseHelloBody = (body: string): HelloBody | { error: string } => parse(helloBodySchema, body);
