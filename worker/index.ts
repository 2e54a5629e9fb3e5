// The Worker's entry: the app, and the classes of its objects.
import { app } from "./routes/app.ts";

export { FleetDO } from "./fleet/object.ts";
export { HostDO } from "./host/object.ts";
export { LaneDO } from "./lane/object.ts";

export default { fetch: app.fetch };
