// A host as the browser tests find it: commands with every kind of input, any program, a scripted model server, terminals.
import { startProduct, type Product } from "../product.ts";
import { startFakeOpenAi, type FakeOpenAi } from "./fake-openai.ts";

const toml = (model: string) => `name = "vm100"
labels = ["linux", "gpu"]
[allow]
operations = ["*"]
[command]
exec = true
[terminal]
enabled = true
[services.brain]
kind = "openai"
url = "${model}"
[services.shop]
kind = "http"
url = "${model}"
routes = ["GET /health"]
[commands.greet]
description = "Says hello"
argv = ["/bin/echo", "hello", "{who}"]
[commands.greet.inputs]
who = { type = "string", pattern = "[a-z]+", description = "Whom to greet" }
[commands.configure]
description = "Shows every kind of input"
argv = ["/bin/echo", "{unit}", "{level}", "{force}"]
env = { TOKEN = "{token}" }
[commands.configure.inputs]
unit = { type = "choice", choices = ["nginx.service", "db.service"] }
level = { type = "integer", minimum = 1, maximum = 9, default = 3 }
force = { type = "boolean" }
token = { type = "string", secret = true }
[commands.colours]
argv = ["/bin/sh", "-c", "printf '\\\\033[31mred\\\\033[0m and \\\\033[1;32mgreen\\\\033[0m\\\\n<b>no markup</b>\\\\n'; echo failing >&2; exit 3"]
[commands.count]
argv = ["/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo line $i; sleep 0.25; done"]
[commands.sleep]
argv = ["/bin/sleep", "120"]
`;

export interface Rig {
  readonly product: Product;
  readonly model: FakeOpenAi;
  stop(): Promise<void>;
}

export async function startRig(options: readonly string[] = []): Promise<Rig> {
  const model = await startFakeOpenAi();
  const product = await startProduct(toml(model.url), options);
  const stop = async () => {
    await product.stop();
    await model.close();
  };
  return { product, model, stop };
}
