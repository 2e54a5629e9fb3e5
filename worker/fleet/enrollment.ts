// Enrolment: a code for a host's name, and the claim that turns it into a host with the key that the host made.
import type { enrolledSchema, enrollmentSchema } from "../../protocol/api/shapes.ts";
import { done, refused, type Outcome } from "../../protocol/errors.ts";
import type * as z from "zod";
import { codeRow, keepCode, newCode, type CodeRow, type WrongCodes } from "./codes.ts";
import type { Actor } from "./contract.ts";
import { enrolHost, hostRow, type HostRow } from "./hosts.ts";
import { iso, type FleetStore } from "./store.ts";
import { hostObject } from "./objects.ts";

type Enrollment = z.infer<typeof enrollmentSchema>;
type Enrolled = z.infer<typeof enrolledSchema>;

interface CodeData {
  readonly host: string;
  readonly labels: string[];
  readonly by: string;
  /** Of a person: the code ends when a grant of this address does. */
  readonly email: string | null;
}

export async function createEnrollment(
  store: FleetStore,
  actor: Actor,
  input: { host: string; labels: string[]; ttlMs: number; email?: string | null },
): Promise<Outcome<Enrollment>> {
  return store.write(() => {
    const code = newCode();
    const expiresAt = Date.now() + input.ttlMs;
    const data: CodeData = { host: input.host, labels: input.labels, by: actor.principal, email: input.email ?? null };
    if (!keepCode(store, "enroll", code, data, expiresAt)) return refused("LIMIT_REACHED");
    store.audit(actor, { action: "enrollment.create", subject: input.host, host: input.host, detail: { labels: input.labels } });
    return done({ code, host: input.host, expires_at: iso(expiresAt) });
  });
}

/** One claim wins; the same code with the same key again answers the same host, because the first answer may have been lost. */
export async function claimEnrollment(
  store: FleetStore,
  wrong: WrongCodes,
  requestId: string,
  code: string,
  publicKey: string,
): Promise<Outcome<Enrolled>> {
  const found = codeRow(store, "enroll", code);
  if (!found) return wrong.refuse("ENROLLMENT_CODE_INVALID");
  const claimed = found.used_at === null ? await firstClaim(store, found, requestId, publicKey) : repeatedClaim(store, found, publicKey);
  if (!claimed.ok) return claimed;
  const { number, id, name } = claimed.value;
  await hostObject(store.env, number).initialise({ number, id, name, publicKey });
  return done({ host: name, host_id: id, host_number: number });
}

async function firstClaim(store: FleetStore, found: CodeRow, requestId: string, publicKey: string): Promise<Outcome<HostRow>> {
  const data = JSON.parse(found.data) as CodeData;
  return store.write(() => {
    const host = enrolHost(store, { principal: data.by, requestId }, data.host, data.labels, publicKey);
    if (host.ok)
      store.sql.exec(
        "UPDATE codes SET used_at = ?, used_by = ?, result = ? WHERE hash = ?",
        Date.now(),
        publicKey,
        host.value.number,
        found.hash,
      );
    return host;
  });
}

function repeatedClaim(store: FleetStore, found: CodeRow, publicKey: string): Outcome<HostRow> {
  const host = found.result === null ? null : hostRow(store, found.result);
  const isSame = found.used_by === publicKey && host?.public_key === publicKey;
  return host && isSame ? done(host) : refused("ENROLLMENT_CODE_INVALID");
}
