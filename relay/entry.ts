// The file that is started (and bundled) as `farhand-relay`. Nothing imports it.
import { main } from "./main.ts";

await main(process.argv.slice(2));
