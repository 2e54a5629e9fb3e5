// The registry's own rules: the subset of zod, secrets, named rules, inputs.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { checkInputs, type InputDeclarations } from "../../protocol/inputs.ts";
import { assertSubset, checkSpec, secretsOf } from "../../protocol/operations/define.ts";
import { findOperation, matchesOperation, OPERATIONS } from "../../protocol/operations/index.ts";
import { cutSecrets, hideSecrets, putSecrets, secret, secretPointers } from "../../protocol/secret.ts";

describe("the registry", () => {
  it.each(Object.entries(OPERATIONS))("%s is named after its key, bounded and says what it does", (name, operation) => {
    expect(operation.name).toBe(name);
    expect(operation.summary.length).toBeGreaterThan(10);
    expect(operation.timeoutMs.default).toBeLessThanOrEqual(operation.timeoutMs.max);
    if (operation.risk === "read") expect(operation.idempotent).toBe(true);
    expect(z.toJSONSchema(operation.spec, { io: "input" })).toHaveProperty("type", "object");
    expect(z.toJSONSchema(operation.data)).toHaveProperty("type", "object");
  });

  it.each([
    ["a refinement", z.strictObject({ a: z.string().refine((text) => text !== "") })],
    ["a transform", z.strictObject({ a: z.string().transform(Number) })],
    ["a date", z.strictObject({ a: z.date() })],
    ["a bigint", z.strictObject({ a: z.bigint() })],
    ["a loose object", z.looseObject({ a: z.string() })],
    ["something deep", z.strictObject({ a: z.array(z.strictObject({ b: z.map(z.string(), z.string()) })) })],
  ])("refuses %s in a spec", (_name, schema) => {
    expect(() => assertSubset(schema, "x.y.spec")).toThrow("x.y.spec");
  });

  it("does not find what only looks like an operation", () => {
    for (const name of ["__proto__", "constructor", "toString", "host", "host.info "]) expect(findOperation(name)).toBeNull();
  });

  it("matches patterns by noun, never by prefix", () => {
    expect(matchesOperation("host.*", "host.info")).toBe(true);
    expect(matchesOperation("host.*", "hostile.info")).toBe(false);
    expect(matchesOperation("*", "vm.create")).toBe(true);
    expect(matchesOperation("command.run", "command.run2")).toBe(false);
  });

  it("reports schema and rule errors as pointers", () => {
    const exec = OPERATIONS["command.exec"];
    expect(checkSpec(exec, { argv: [""] }, "/resource_spec").errors).toEqual([
      { pointer: "/resource_spec/argv/0", message: "must name a program" },
    ]);
    expect(checkSpec(exec, { argv: ["a"], shell: true }, "/resource_spec").errors).toEqual([
      { pointer: "/resource_spec/shell", message: "is not a known field" },
    ]);
    expect(checkSpec(exec, { argv: ["a\0b"] }, "").errors[0]?.pointer).toBe("/argv/0");
  });

  it("never repeats a secret value in an error", () => {
    const { errors } = checkSpec(OPERATIONS["command.exec"], { argv: ["a"], stdin: 42, env: { "BAD NAME": "hunter2" } }, "");
    expect(JSON.stringify(errors)).not.toContain("hunter2");
  });
});

describe("secrets", () => {
  const schema = z.strictObject({
    plain: z.string(),
    token: secret(z.string()).optional(),
    deep: z.array(z.strictObject({ password: secret(z.string()), user: z.string() })).optional(),
  });

  it("are found where they are, in arrays and records too", () => {
    const value = { plain: "a", token: "t", deep: [{ password: "p", user: "u" }] };
    expect(secretPointers(schema, value)).toEqual(["/token", "/deep/0/password"]);
    expect(secretsOf(OPERATIONS["command.exec"], { argv: ["x"], env: { A: "1" }, stdin: "s" })).toEqual(["/env", "/stdin"]);
  });

  it("are cut and put back byte for byte", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.array(fc.record({ user: fc.string(), password: fc.string() }), { maxLength: 3 }),
        (plain, token, deep) => {
          const value = { plain, token, deep };
          const pointers = secretPointers(schema, value);
          const { cut, secrets } = cutSecrets(value, pointers);
          expect(JSON.stringify(putSecrets(cut, pointers, secrets))).toBe(JSON.stringify(value));
        },
      ),
    );
  });

  it("are null for a reader", () => {
    const pointers = ["/token"];
    const { cut } = cutSecrets({ plain: "a", token: "t" }, pointers);
    expect(hideSecrets(cut, pointers)).toEqual({ plain: "a", token: null });
  });
});

describe("inputs", () => {
  const declared: InputDeclarations = {
    unit: { type: "string", pattern: "[a-z]+\\.service" },
    count: { type: "integer", minimum: 1, maximum: 3, default: 2 },
    mode: { type: "choice", choices: ["a", "b"], default: "a" },
    force: { type: "boolean", default: false },
  };

  it("fills in defaults", () => {
    expect(checkInputs({ unit: "nginx.service" }, declared, "", true)).toEqual({
      values: { unit: "nginx.service", count: 2, mode: "a", force: false },
      errors: [],
    });
  });

  it.each([
    [{}, "/inputs/unit", "is required"],
    [{ unit: "x.service; rm -rf /" }, "/inputs/unit", "must match"],
    [{ unit: "a\nx.service" }, "/inputs/unit", "must match"],
    [{ unit: "a.service", count: 4 }, "/inputs/count", "at most 3"],
    [{ unit: "a.service", count: "2" }, "/inputs/count", "integer"],
    [{ unit: "a.service", mode: "c" }, "/inputs/mode", "one of a, b"],
    [{ unit: "a.service", other: "x" }, "/inputs/other", "not an input"],
    [{ unit: "a.service", toString: "x" }, "/inputs/toString", "not an input"],
  ])("refuses %j", (values, pointer, message) => {
    const { errors } = checkInputs(values, declared, "/inputs", true);
    expect(errors).toEqual([{ pointer, message: expect.stringContaining(message) as string }]);
  });

  it("leaves a host's patterns to the host", () => {
    expect(checkInputs({ unit: "anything" }, declared, "", false).errors).toEqual([]);
  });
});
