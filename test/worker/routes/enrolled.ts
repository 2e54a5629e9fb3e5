// Hosts made through the routes, as an admin and a relay make them.
import { makeKeys, type HostUnderTest } from "../host/scripted-relay.ts";
import type { Edge } from "./edge.ts";

export async function enrol(edge: Edge, name: string, labels: string[] = []): Promise<HostUnderTest> {
  const made = await edge.post("/api/v1/enrollments", { host: name, labels });
  if (made.status !== 201) throw new Error(`enrolment: ${JSON.stringify(made.body)}`);
  const keys = makeKeys();
  const claimed = await edge.post("/link/enroll", { code: made.body.code, public_key: keys.publicKey }, { key: null });
  if (claimed.status !== 201) throw new Error(`claim: ${JSON.stringify(claimed.body)}`);
  const { host_number: number, host_id: id } = claimed.body as unknown as { host_number: number; host_id: string };
  return { number, id, name, ...keys };
}
