// The suite that every driver passes. A driver's own test calls it with a spec for each operation.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jobResultSchema } from "../../../protocol/envelope.ts";
import { isErrorCode } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { checkSpec } from "../../../protocol/operations/define.ts";
import { OPERATIONS, findOperation, type OperationName } from "../../../protocol/operations/index.ts";
import { parseConfig } from "../../../relay/config.ts";
import type { HandlerResult } from "../../../relay/drivers/contract.ts";
import { createDrivers, type Drivers } from "../../../relay/drivers/index.ts";
import { jobContext } from "./job-context.ts";

type Spec = Record<string, unknown>;

export interface DriverCase {
  readonly name: string;
  /** relay.toml under which the driver has all its operations. */
  readonly config: string;
  /** For each operation of the driver, specs that succeed. */
  readonly succeeds: Partial<Record<OperationName, readonly Spec[]>>;
  /** Valid specs that the driver refuses, with the code. */
  readonly refuses: readonly { operation: OperationName; spec: Spec; code: string }[];
  /** Specs that would run longer than any test; absent for a driver that has none. */
  readonly endless?: readonly { operation: OperationName; spec: Spec }[];
}

function validSpec(operation: OperationName, spec: Spec): unknown {
  const checked = checkSpec(findOperation(operation)!, spec, "");
  expect(checked.errors).toEqual([]);
  return checked.spec;
}

/** What every result obeys, whatever the operation. */
function expectResult(result: HandlerResult): void {
  expect(jobResultSchema.safeParse({ ...result, logs: [], correlation_id: "test" }).error).toBeUndefined();
  if (result.status === "success") expect(result.code).toBeUndefined();
  else expect(isErrorCode(result.code ?? ""), result.code).toBe(true);
}

export function testDriver(driver: DriverCase): void {
  describe(`driver ${driver.name}: the contract`, () => {
    let drivers: Drivers;
    const operations = Object.keys(driver.succeeds) as OperationName[];
    const run = (operation: OperationName, spec: Spec, signal?: AbortSignal, plan = false) =>
      drivers.find(operation)!.handler(validSpec(operation, spec), jobContext({ operation, spec, plan, ...(signal && { signal }) }));

    beforeAll(async () => {
      drivers = createDrivers(parseConfig(driver.config, "/etc/farhand/relay.toml"));
      await drivers.start(
        () => undefined,
        () => undefined,
      );
    });
    afterAll(() => drivers.stop());

    it("is in the list, available, and says so in one line", () => {
      const health = drivers.health().find(({ name }) => name === driver.name);
      expect(health?.available).toBe(true);
      expect(health?.detail).toMatch(/^[^\n]{3,300}$/);
    });

    it("starts and stops twice", async () => {
      const other = createDrivers(parseConfig(driver.config, "/etc/farhand/relay.toml"));
      await other.stop();
      for (let round = 0; round < 2; round++) {
        await other.start(
          () => undefined,
          () => undefined,
        );
        await other.start(
          () => undefined,
          () => undefined,
        );
        expect(other.find(operations[0]!)).not.toBeNull();
        await other.stop();
        await other.stop();
      }
    });

    it("offers its operations in the catalogue", () => {
      expect(drivers.catalogue().operations).toEqual(expect.arrayContaining(operations));
    });

    it("finds nothing for what is not an operation", () => {
      for (const name of [`${driver.name}.no-such`, "constructor", "__proto__", "", "*", `${driver.name}.*`])
        expect(drivers.find(name)).toBeNull();
    });

    for (const [operation, specs] of Object.entries(driver.succeeds) as [OperationName, readonly Spec[]][]) {
      it.each(specs)(`${operation} answers within the registry's schema: %j`, async (spec) => {
        const result = await run(operation, spec);
        expectResult(result);
        expect(result.status).toBe("success");
        // Strict: what the schema does not name would be dropped on its way.
        expect(OPERATIONS[operation].data.strict().safeParse(result.data).error).toBeUndefined();
      });

      it(`${operation} settles when it was cancelled before it began`, async () => {
        expectResult(await run(operation, specs[0]!, AbortSignal.abort()));
      });

      it(`${operation} refuses a plan unless the registry says that it can`, async () => {
        const result = await run(operation, specs[0]!, undefined, true);
        expectResult(result);
        if (!OPERATIONS[operation].plannable) expect(result.code).toBe("PLAN_UNSUPPORTED");
      });

      it(`${operation} names its locks and deadline without a side effect`, () => {
        const found = drivers.find(operation)!;
        const spec = validSpec(operation, specs[0]!);
        for (const lock of found.locks(spec)) expect(lock).toMatch(/^\S+$/);
        expect(found.locks(spec)).toEqual(found.locks(spec));
        expect(found.timeoutMs(spec) ?? 1).toBeGreaterThan(0);
      });
    }

    it.each(driver.refuses)("refuses $operation $spec with $code", async ({ operation, spec, code }) => {
      const result = await run(operation, spec);
      expectResult(result);
      expect(result).toMatchObject({ status: "error", code });
      expect(result.message.length).toBeGreaterThan(5);
    });

    it.each(driver.endless ?? [])(
      "$operation settles within the grace after an abort",
      async ({ operation, spec }) => {
        const controller = new AbortController();
        const end = run(operation, spec, controller.signal);
        controller.abort();
        expectResult(await end);
      },
      // The deadline is the assertion.
      LIMITS.cancelGraceMs + 1_000,
    );
  });
}
