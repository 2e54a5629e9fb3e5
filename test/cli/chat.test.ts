// `farhand chat` and `farhand models` as programs use them: a question in, an answer out, and what an answer that broke off is.
import { expect, it } from "vitest";
import { jsonText } from "../../cli/output.ts";
import { farhand } from "./commands.ts";
import { fakeModelSurface } from "./fake-model-surface.ts";

const env = (url: string) => ({ FARHAND_URL: url, FARHAND_API_KEY: "fh_test" });

it("asks the model that is loaded, with the words and what is piped in", async () => {
  const surface = await fakeModelSurface();
  try {
    const { code, stdout } = await farhand(env(surface.url), ["chat", "--system", "be kind", "why?"], "a file\n");
    expect([code, stdout]).toEqual([0, "Hello \u001b[31m\n"]);
    expect(surface.asked[0]).toMatchObject({
      model: "m1",
      messages: [
        { role: "system", content: "be kind" },
        { role: "user", content: "why?\n\na file" },
      ],
    });
    const json = await farhand(env(surface.url), ["chat", "--json", "--host", "h1"], "x");
    expect(JSON.parse(json.stdout)).toMatchObject({
      model: "m1",
      host: "h1",
      content: "Hello \u001b[31m",
      input_tokens: 3,
      output_tokens: 2,
      finish_reason: "stop",
    });
    expect(surface.asked[1]!.model).toBe("m1@h1");
    expect((await farhand(env(surface.url), ["models"])).stdout).toMatch(/m1\s+h1\s+loaded\s+4096/);
  } finally {
    surface.close();
  }
});

it("fails when the answer broke off, when there is no question, and when there is no edge", async () => {
  const surface = await fakeModelSurface({ cut: true });
  try {
    expect((await farhand(env(surface.url), ["chat", "x"])).code).toBe(1);
    expect((await farhand(env(surface.url), ["chat"])).code).toBe(2);
    expect((await farhand(env(surface.url), ["terminal", "h1"])).code).toBe(2);
  } finally {
    surface.close();
  }
  expect((await farhand(env("http://127.0.0.1:1"), ["chat", "--model", "m1", "x"])).code).toBe(4);
  expect((await farhand(env("http://127.0.0.1:1"), ["terminal", "h1", "--read"])).code).toBe(4);
});

it("keeps control characters of a peer's words from the terminal", async () => {
  const surface = await fakeModelSurface({ error: "no\u001b]0;title\u0007\u009b31m\nway" });
  try {
    const { code, stderr } = await farhand(env(surface.url), ["chat", "x"]);
    expect([code, stderr]).toEqual([1, "farhand: no\ufffd]0;title\ufffd\ufffd31m\nway\n"]);
  } finally {
    surface.close();
  }
  expect(jsonText({ words: "\u001b[31m\u009b31m\u007f\u00e9" })).toBe('{\n  "words": "\\u001b[31m\\u009b31m\\u007f\u00e9"\n}');
});
