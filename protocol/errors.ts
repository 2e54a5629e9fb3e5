// Every error code: HTTP status, whether the same request may succeed later, the sentence, and the remedy. A code is never
// renamed or reused. docs/errors.md is generated from here.
import { VM_ERRORS } from "./vm-errors.ts";

interface ErrorEntry {
  readonly status: number;
  readonly retryable: boolean;
  readonly message: string;
  readonly remedy: string;
}

const e = (status: number, retryable: boolean, message: string, remedy: string): ErrorEntry => ({ status, retryable, message, remedy });

export const ERRORS = {
  // Who is asking
  CREDENTIAL_MISSING: e(
    401,
    false,
    "No credential was sent.",
    "Send `Authorization: Bearer fh_…`, sign in, or pass through Cloudflare Access.",
  ),
  CREDENTIAL_INVALID: e(
    401,
    false,
    "The credential is not valid.",
    "Check that the key was not revoked and the token is of this application; sign in again.",
  ),
  CREDENTIAL_NOT_ACCEPTED: e(
    401,
    false,
    "This edge does not accept this kind of credential here.",
    "See the setting API_KEYS in docs/cloudflare.md.",
  ),
  ACCESS_KEYS_UNAVAILABLE: e(
    503,
    true,
    "The signing keys of Cloudflare Access could not be read.",
    "Check ACCESS_TEAM_DOMAIN; try again in a moment.",
  ),
  FORBIDDEN: e(403, false, "You are not allowed to do this.", "Ask an admin for a grant; GET /api/v1/me lists yours."),
  ORIGIN_REFUSED: e(
    403,
    false,
    "The request comes from another site.",
    "Call from the app's own origin, or use an API key instead of a browser session.",
  ),
  HOST_HEADER_REFUSED: e(
    421,
    false,
    "This edge does not serve that hostname.",
    "Use the url printed at the start, or add the name with --public-url.",
  ),
  SURFACE_REFUSED: e(404, false, "This hostname does not serve that route.", "See the table of hostnames in docs/cloudflare.md."),
  ADMIN_NOT_CONFIGURED: e(
    403,
    false,
    "This deployment has no admin yet.",
    "Set ADMIN to your e-mail address or `user:<sub>` (docs/cloudflare.md) and deploy again.",
  ),
  EDGE_STARTING: e(503, true, "The edge is starting again.", "Try again in a second."),
  ACCESS_STATE_UNAVAILABLE: e(503, true, "The access data could not be read, so the request was refused.", "Try again in a moment."),
  // What is asked
  ROUTE_NOT_FOUND: e(404, false, "There is no such route.", "See /docs for the routes."),
  METHOD_NOT_ALLOWED: e(405, false, "This route does not answer that method.", "See /docs for the routes."),
  BODY_INVALID: e(422, false, "The request is not valid.", "Correct the fields listed in `errors`."),
  BODY_NOT_JSON: e(400, false, "The body is not a JSON object.", "Send `Content-Type: application/json` and one JSON object."),
  BODY_TOO_LARGE: e(413, false, "The body is too large.", "Send at most 256 KiB; give large data to the program as a file on the host."),
  MEDIA_TYPE_UNSUPPORTED: e(415, false, "The body must be JSON.", "Send `Content-Type: application/json`."),
  RATE_LIMITED: e(429, true, "Too many requests.", "Wait as long as Retry-After says."),
  RANGE_INVALID: e(416, false, "That range is not there.", "Ask for an offset within the length of the output."),
  IDEMPOTENCY_MISMATCH: e(409, false, "This Idempotency-Key was used with another request.", "Use a new key for a new request."),
  SEAL_KEY_MISSING: e(
    503,
    false,
    "This edge has no key to seal secrets with, so it takes none.",
    "Set SEAL_KEY: openssl rand -base64 32 | npx wrangler secret put SEAL_KEY.",
  ),
  SEAL_OPEN_FAILED: e(
    500,
    false,
    "The job's sealed secrets could not be opened, so it was not sent.",
    "SEAL_KEY was changed while the job waited; submit it again.",
  ),
  LIMIT_REACHED: e(409, false, "The most of these that an edge keeps is reached.", "Delete some that are no longer used."),
  NOT_FOUND: e(404, false, "There is no such thing.", "Check the id; it may have been deleted."),
  INTERNAL: e(500, true, "Something went wrong in the edge.", "Try again; if it stays, report it with the request_id."),
  // Hosts and enrolment
  HOST_NOT_FOUND: e(404, false, "There is no such host.", "`farhand hosts` or GET /api/v1/hosts lists those you may see."),
  HOST_OFFLINE: e(
    503,
    true,
    "The host is not connected.",
    "Start its relay (`farhand relay`), or submit a job instead of a call: jobs wait.",
  ),
  HOST_REMOVED: e(410, false, "The host was removed.", "Enrol it again to use it."),
  NO_HOST_MATCHES: e(
    422,
    false,
    "No host that you may use has these labels.",
    "GET /api/v1/hosts shows labels; labels of relay.toml do not count for grants.",
  ),
  QUEUE_FULL: e(429, true, "Too many jobs wait for this host.", "Wait until the queue is shorter, or cancel some."),
  ENROLLMENT_CODE_INVALID: e(403, false, "The enrolment code is unknown, used or expired.", "Make a new one: `farhand hosts enroll NAME`."),
  SIGN_IN_CODE_INVALID: e(403, false, "The sign-in code is unknown, used or expired.", "Make a new link: `farhand login --link`."),
  // Operations
  OPERATION_UNKNOWN: e(422, false, "There is no such operation.", "GET /api/v1/operations lists them."),
  OPERATION_NOT_A_CALL: e(
    422,
    false,
    "Only operations of risk `read` can be called.",
    "Submit it as a job: POST /api/v1/hosts/{host}/jobs.",
  ),
  OPERATION_UNSUPPORTED: e(
    422,
    false,
    "The host has no driver for this operation.",
    "GET /api/v1/hosts/{host} shows what the host offers.",
  ),
  OPERATION_NOT_ALLOWED: e(
    403,
    false,
    "The host's relay.toml does not allow this operation.",
    "Add it to `[allow] operations` in relay.toml on the host, and restart its relay or send it SIGHUP.",
  ),
  EXEC_DISABLED: e(
    403,
    false,
    "The host's relay.toml does not allow arbitrary commands.",
    "Set `exec = true` under `[command]` in relay.toml on the host, and restart its relay or send it SIGHUP.",
  ),
  COMMAND_UNKNOWN: e(
    422,
    false,
    "The host declares no command of that name.",
    "Declare it as `[commands.NAME]` in relay.toml on the host; GET /api/v1/hosts/{host} lists those there are.",
  ),
  INPUT_INVALID: e(422, false, "An input does not fit the command's declaration.", "Correct the inputs listed in `data.errors`."),
  COMMAND_FAILED: e(502, false, "The command ended with an exit code other than 0.", "Read its output."),
  COMMAND_NOT_STARTED: e(502, false, "The program could not be started.", "Check that it exists and may be executed by the relay's user."),
  SPEC_INVALID: e(422, false, "The job's specification is not valid for this host.", "Correct the fields listed in `data.errors`."),
  PLAN_UNSUPPORTED: e(422, false, "This operation cannot be planned.", "Submit it without `plan`."),
  DRIVER_FAILED: e(502, true, "The host could not do it.", "Read the message; `farhand doctor` on the host checks its drivers."),
  // The end of a job
  JOB_NOT_FOUND: e(404, false, "There is no such job.", "Ended jobs are kept for 30 days, at most 10,000 a host."),
  JOB_TIMED_OUT: e(504, false, "The job reached its deadline and was ended.", "Give more `timeout_ms`, within the operation's bound."),
  JOB_CANCELLED: e(409, false, "The job was cancelled.", "Submit it again if it is still wanted."),
  JOB_EXPIRED: e(
    504,
    true,
    "The job's time-to-live ended before the host claimed it; nothing ran.",
    "Submit it again when the host is online, or with a larger ttl_ms.",
  ),
  JOB_UNKNOWN: e(
    502,
    false,
    "The job's end was not observed: it may or may not have had its effect.",
    "Look at the host before you submit it again.",
  ),
  JOB_PAYLOAD_MISMATCH: e(
    409,
    false,
    "The host knows this job with another payload and refused it.",
    "Report it: an edge must never send this.",
  ),
  JOURNAL_LOST: e(
    502,
    false,
    "The host's journal went back or was replaced, so the job's fate is not known.",
    "Look at the host before you submit it again.",
  ),
  OUTPUT_NOT_KEPT: e(
    410,
    false,
    "This part of the output was not kept.",
    "The edge keeps the first and last 1 MiB, the host's spool 64 MiB.",
  ),
  // Services and models
  SERVICE_NOT_FOUND: e(
    404,
    false,
    "The host has no service of that name.",
    "GET /api/v1/hosts/{host} lists its services; declare one as `[services.NAME]` in relay.toml on the host.",
  ),
  SERVICE_ROUTE_NOT_ALLOWED: e(
    403,
    false,
    "The host does not allow this route of the service.",
    "Add it to `routes` of the service in relay.toml on the host; model management needs `manage = true` there.",
  ),
  UPSTREAM_UNREACHABLE: e(
    502,
    true,
    "The host could not reach the service.",
    "Start the service on the host; `farhand hosts show HOST` says what its relay sees.",
  ),
  UPSTREAM_FAILED: e(502, true, "The service broke off its answer.", "Try again; look at the service's log on the host."),
  LANE_UNAVAILABLE: e(
    503,
    true,
    "The host's stream connection is not there at this moment.",
    "Try again in a moment; the relay connects again by itself.",
  ),
  STREAMS_EXHAUSTED: e(
    429,
    true,
    "Too many streams of this host are open.",
    "Wait until some have ended, or set more `lanes` in relay.toml.",
  ),
  MODEL_NOT_FOUND: e(404, false, "No host that you may use has this model.", "GET /v1/models lists the models there are."),
  MODEL_MISSING: e(
    400,
    false,
    "The request names no model.",
    "Name one in `model` (where it comes after the first 1 MiB of the body, in the header x-farhand-model), or declare `default_model` in relay.toml.",
  ),
  MODEL_OFFLINE: e(
    503,
    true,
    "The hosts that have this model are not connected.",
    "Start the relay there; GET /api/v1/hosts shows who is online.",
  ),
  MODEL_UNPROVEN: e(
    403,
    false,
    "Your grants allow some models only, and the edge cannot be sure which one this request names.",
    "Send the body uncompressed, as JSON, with `model` in it once.",
  ),
  HOST_AMBIGUOUS: e(
    400,
    false,
    "Several hosts could do this.",
    "Name one: `model@host` in the request, or the host's name in the header x-farhand-host.",
  ),
  PASSED_BODY_TOO_LARGE: e(413, false, "The body is larger than what is passed on.", "Send at most 100 MiB."),
  DIALECT_UNSUPPORTED: e(
    501,
    false,
    "The server that has this model does not speak this dialect.",
    "Use a surface that it speaks; docs/models.md has the table.",
  ),
  // Terminals
  TERMINALS_DISABLED: e(
    403,
    false,
    "The host's relay.toml does not allow terminals.",
    "Set `enabled = true` under `[terminal]` in relay.toml on the host and restart its relay, or send it SIGHUP.",
  ),
  TERMINAL_NOT_FOUND: e(404, false, "There is no such terminal on the host.", "`farhand terminal HOST --list` shows those there are."),
  TERMINAL_LIMIT: e(429, true, "The host has as many terminals as it may.", "Close some: `farhand run HOST terminal.kill terminal=ID`."),
  TERMINAL_FAILED: e(502, true, "tmux on the host refused.", "Read the message; `farhand doctor` on the host checks tmux."),
  FILE_EXISTS: e(
    409,
    false,
    "The host has a file of that name already, and nothing is overwritten.",
    "Choose another name, or remove the file on the host.",
  ),
  TICKET_INVALID: e(
    403,
    false,
    "The ticket is unknown, used, expired or someone else's.",
    "Ask for a new one: it is good once, for half a minute.",
  ),
  ...VM_ERRORS,
  // The link
  LINK_VERSION_UNSUPPORTED: e(
    426,
    false,
    "The relay speaks a link version that this edge does not.",
    "Update the older side; versions N and N-1 talk.",
  ),
  LINK_SIGNATURE_INVALID: e(401, false, "The relay's signature does not verify.", "Enrol the host again."),
  LINK_HELLO_INVALID: e(400, false, "The relay's hello is not valid.", "Update the relay."),
  LINK_EPOCH_STALE: e(
    409,
    true,
    "A newer connection of this host was accepted.",
    "The relay connects again by itself; two relays with one state directory must not run.",
  ),
  LINK_MESSAGE_INVALID: e(400, false, "A link message is not valid.", "Update the relay."),
  LINK_BUSY: e(429, true, "Too many connections of this host are being opened.", "The relay tries again by itself."),
  LINK_TIMEOUT: e(504, true, "The host did not answer in time.", "Try again; `farhand status` shows whether the host is online."),
  UPGRADE_REQUIRED: e(426, false, "This route is a WebSocket.", "Connect with a WebSocket client."),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

export interface FieldErrors {
  readonly errors?: readonly { pointer: string; message: string }[];
  /** Says more than the table's sentence; never contains a secret. */
  readonly detail?: string;
  readonly retryAfterMs?: number;
}

/** The one exception of the product. Across Durable Object RPC, results travel instead (see {@link Outcome}). */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly details: FieldErrors;
  constructor(code: ErrorCode, details: FieldErrors = {}, options?: { cause?: unknown }) {
    super(details.detail ?? ERRORS[code].message, options);
    this.code = code;
    this.details = details;
  }
}

/** What crosses RPC: a value, or a refusal that the caller turns into an {@link AppError}. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; code: ErrorCode; details: FieldErrors };

export const done = <T>(value: T): Outcome<T> => ({ ok: true, value });
export const refused = (code: ErrorCode, details: FieldErrors = {}): { ok: false; code: ErrorCode; details: FieldErrors } => ({
  ok: false,
  code,
  details,
});

export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new AppError(outcome.code, outcome.details);
}
