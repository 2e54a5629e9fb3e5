// The tables [services.NAME]: what is taken, and what is refused in one line with place and remedy.
import { describe, expect, it } from "vitest";
import { ConfigError, parseConfig } from "../../../relay/config.ts";
import { LIMITS } from "../../../protocol/limits.ts";

const parse = (text: string) => parseConfig(text, "/etc/farhand/relay.toml");

describe("services", () => {
  it("are taken as the design writes them", () => {
    const { services, lanes } = parse(`
lanes = 2
[services.lmstudio]
kind = "lmstudio"
url = "http://127.0.0.1:1234"
default_model = "qwen/qwen2.5-coder"
[services.shenron]
kind = "http"
socket = "/run/shenron.sock"
routes = ["GET /health", "POST /api/shenron/grant-wish", "WS /live", "GET /files/*/x", "GET /all/**"]
[services.ingest]
kind = "http"
url = "http://llm-box:8000/base"
routes = ["POST /api/generate"]
bearer_env = "INGEST_API_KEY"
`);
    expect(lanes).toBe(2);
    expect(Object.keys(services)).toEqual(["lmstudio", "shenron", "ingest"]);
    expect(services["ingest"]).toMatchObject({ bearer_env: "INGEST_API_KEY", manage: false });
  });

  const http = (line: string) => `[services.a]\nkind = "http"\nurl = "http://x"\n${line}`;
  it.each<[name: string, text: string, line: number, problem: RegExp, remedy: RegExp]>([
    ["no address", '[services.a]\nkind = "openai"', 1, /neither url nor socket/, /url =/],
    ["two addresses", '[services.a]\nkind = "openai"\nurl = "http://x"\nsocket = "/x"', 4, /exclude each other/, /one of them/],
    ["a kind that is none", '[services.a]\nkind = "ftp"\nurl = "http://x"', 2, /must be one of/, /./],
    ["another protocol", '[services.a]\nkind = "openai"\nurl = "ftp://x"', 3, /http or https/, /http:/],
    ["a password in the address", '[services.a]\nkind = "openai"\nurl = "http://u:p@x"', 3, /user or password/, /bearer_env/],
    ["a query in the address", '[services.a]\nkind = "openai"\nurl = "http://x/?a"', 3, /query/, /Remove/],
    ["/v1 of a model server", '[services.a]\nkind = "openai"\nurl = "http://x/v1"', 3, /before \/v1/, /Remove \/v1/],
    ["a socket that is no path", '[services.a]\nkind = "openai"\nsocket = "x.sock"', 3, /absolute/, /./],
    ["http without routes", '[services.a]\nkind = "http"\nurl = "http://x"', 1, /no routes/, /routes =/],
    ["routes of a model server", '[services.a]\nkind = "ollama"\nurl = "http://x"\nroutes = ["GET /"]', 4, /for kind "http"/, /Remove/],
    ["a route without a method", http('routes = ["/health"]'), 4, /begins with none of/, /METHOD/],
    ["a route with a query", http('routes = ["GET /a?b"]'), 4, /a method, a space and a path/, /METHOD/],
    ["a route that no request can have", http('routes = ["GET /a/../b"]'), 4, /no request/, /METHOD/],
    ["half a segment as a star", http('routes = ["GET /a*"]'), 4, /whole segment/, /METHOD/],
    ["management of http", http('routes = ["GET /"]\nmanage = true'), 5, /no model management/, /Remove/],
    ["a default model of http", http('routes = ["GET /"]\ndefault_model = "m"'), 5, /model servers/, /Remove/],
    ["a secret in the file", http('routes = ["GET /"]\nbearer = "x"'), 5, /not a known key/, /./],
    ["a name in capitals", '[services.Big]\nkind = "openai"\nurl = "http://x"', 1, /lower-case/, /name/],
    ["too many lanes", `lanes = ${LIMITS.lanes + 1}`, 1, /^lanes: Too big/, /./],
  ])("%s is refused", (_name, text, line, problem, remedy) => {
    const error = (() => {
      try {
        return parse(text);
      } catch (thrown) {
        return thrown;
      }
    })() as ConfigError;
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ line });
    expect(error.problem).toMatch(problem);
    expect(error.remedy).toMatch(remedy);
    expect(error.message).not.toContain("\n");
  });
});
