// A pin is cut out of a body: what the upstream parses is the same object with the bare name, and no other byte is changed.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decoded, namesIn, splitPin } from "../../../worker/routes/models/names.ts";
import { edited, takeBody } from "../../../worker/routes/models/passed-body.ts";

const escaped = (text: string) =>
  Array.from(text)
    .map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
const name = fc.stringMatching(/^[a-z0-9/:._-]{1,20}$/);
const host = fc.stringMatching(/^[A-Za-z0-9.-]{1,12}$/);

describe("a pin in a body", () => {
  it("goes, and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(name, host, fc.boolean(), fc.jsonValue(), fc.boolean(), async (model, pin, isEscaped, rest, isFirst) => {
        const written = `"${isEscaped ? escaped(`${model}@${pin}`) : `${model}@${pin}`}"`;
        const other = `"rest" : ${JSON.stringify(rest)}`;
        const text = isFirst ? `{"model":${written},${other}}` : ` {${other} , "model": ${written}}\n`;
        const body = await takeBody(new Request("http://edge/", { method: "POST", body: text }), ["model"]);
        const names = namesIn(body, new Headers(), ["model"]);
        expect(names).toMatchObject({ model, pin, all: [model], isInBody: true });
        const sent = new TextDecoder().decode(edited(body.head, names.edits));
        expect(sent).toBe(text.replace(written, JSON.stringify(model)));
        expect(JSON.parse(sent)).toEqual({ model, rest: JSON.parse(JSON.stringify(rest)) as unknown });
      }),
      { numRuns: 500 },
    );
  });

  it("may be in several names, when it is the same one", async () => {
    const take = (text: string) => takeBody(new Request("http://edge/", { method: "POST", body: text }), ["source", "destination"]);
    const body = await take('{"source":"a@h","destination":"b@H"}');
    const names = namesIn(body, new Headers({ "x-farhand-host": "h" }), ["source", "destination"]);
    expect(names).toMatchObject({ model: "a", all: ["a", "b"], pin: "h" });
    expect(new TextDecoder().decode(edited(body.head, names.edits))).toBe('{"source":"a","destination":"b"}');
    const differ = await take('{"source":"a@h","destination":"b@i"}');
    expect(() => namesIn(differ, new Headers(), ["source", "destination"])).toThrow(expect.objectContaining({ code: "HOST_AMBIGUOUS" }));
  });

  it("is what follows the last @; a path that is no percent-encoding is taken as it is", () => {
    expect(splitPin("a@b@c")).toEqual({ model: "a@b", pin: "c" });
    expect(decoded("a%2Fb")).toBe("a/b");
    expect(decoded("50%")).toBe("50%");
  });
});
