// The life of a job as one table: reachability, owners, and the state of a parent.
import { describe, expect, it } from "vitest";
import { canTransition, hasEnded, JOB_STATES, parentState, TRANSITIONS, type JobState } from "../../protocol/job.ts";

describe("the transition table", () => {
  it("reaches every state from held", () => {
    const reached = new Set<JobState>(["held"]);
    for (const state of reached) for (const { to } of TRANSITIONS[state]) reached.add(to);
    expect([...reached].sort()).toEqual([...JOB_STATES].sort());
  });

  it("lets no one leave a state that was observed to end", () => {
    for (const state of ["succeeded", "failed", "partial", "cancelled", "expired"] as const) expect(TRANSITIONS[state]).toEqual([]);
  });

  it("leaves the edge no word once the relay has claimed, but for `unknown`", () => {
    for (const to of JOB_STATES) expect(canTransition("running", to, "edge")).toBe(to === "unknown");
  });

  it("never lets the edge say that a job ended well", () => {
    for (const from of JOB_STATES)
      for (const to of ["succeeded", "failed", "partial"] as const) expect(canTransition(from, to, "edge")).toBe(false);
  });

  it("expires a sent job by the relay's word only", () => {
    expect(canTransition("queued", "expired", "edge")).toBe(true);
    expect(canTransition("delivered", "expired", "edge")).toBe(false);
    expect(canTransition("delivered", "expired", "relay")).toBe(true);
    expect(canTransition("running", "expired", "relay")).toBe(false);
  });

  it("never goes back to a state before", () => {
    const order = Object.fromEntries(JOB_STATES.map((state, index) => [state, index]));
    for (const from of JOB_STATES)
      for (const { to } of TRANSITIONS[from])
        if (from !== "unknown" && !(from === "delivered" && to === "queued")) expect(order[to]).toBeGreaterThan(order[from]!);
  });

  it("counts unknown as an end", () => {
    expect(JOB_STATES.filter(hasEnded)).toEqual(["succeeded", "failed", "partial", "cancelled", "expired", "unknown"]);
  });
});

describe("a parent", () => {
  it.each<[JobState[], JobState]>([
    [["queued", "queued"], "queued"],
    [["queued", "succeeded"], "running"],
    [["running", "failed"], "running"],
    [["succeeded", "succeeded"], "succeeded"],
    [["failed", "failed"], "failed"],
    [["succeeded", "failed"], "partial"],
    [["succeeded", "unknown"], "unknown"],
    [["expired", "cancelled"], "partial"],
  ])("of %j is %s", (children, state) => {
    expect(parentState(children)).toBe(state);
  });
});
