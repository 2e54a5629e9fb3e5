// What guests say of their addresses is theirs to choose: only addresses are believed to be some.
import { describe, expect, it } from "vitest";
import type { LibvirtCalls } from "../../../../relay/drivers/libvirt/session.ts";
import { GuestAddresses } from "../../../../relay/drivers/libvirt/vms/addresses.ts";

const MAC = "52:54:00:00:00:01";

describe("addresses of guests", () => {
  it("are addresses that others can reach, whatever the agent says", async () => {
    const said = [
      "10.0.0.5",
      "2001:db8::5",
      "127.0.0.1",
      "fe80::1",
      "fe80::1%eth0",
      "2001:db8::6%eth0",
      "\u001b]0;title\u0007",
      "1.2.3",
      "",
    ];
    const interfaces = [{ name: "eth0", mac: MAC.toUpperCase(), addresses: said.map((address) => ({ type: 0, address, prefix: 24 })) }];
    const client = { call: async () => ({ interfaces }) } as unknown as LibvirtCalls;
    const found = await new GuestAddresses(client, () => undefined).soon({ uuid: "u", macs: [MAC], networks: [], hasAgent: true });
    expect(found.get(MAC)).toEqual(["10.0.0.5", "2001:db8::5"]);
  });
});
