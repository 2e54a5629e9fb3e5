export { FleetDO } from "../worker/fleet/object.ts";
export { HostDO } from "../worker/host/object.ts";
export default { fetch: () => new Response("x") };
