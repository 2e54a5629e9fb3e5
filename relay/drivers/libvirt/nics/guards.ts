// Guards of an adapter as libvirt's network filters: what a guest may not send. One filter of ours for each set of guards, since
// an adapter takes one. Filters are libvirt's own objects: made when first needed, never changed, and kept.
import { VmFailure } from "../../virtual/failure.ts";
import { isLibvirtError } from "../rpc/errors.ts";
import type { Session } from "../session.ts";
import { XmlElement } from "../xml/tree.ts";

export interface Guards {
  /** Only its own MAC address as sender. */
  readonly mac: boolean;
  /** No answers of a DHCP server. */
  readonly dhcp: boolean;
  /** No router advertisements and redirects. */
  readonly router: boolean;
}

const PREFIX = "farhand-guard";
const NAMES = ["mac", "dhcp", "router"] as const;
/** Filters that libvirt brings along and that keep a guest to its own address. */
const OF_LIBVIRT = /^(no-mac-spoofing|clean-traffic|clean-traffic-gateway)$/;

/** null: no guard at all. */
export function filterNameOf(guards: Guards): string | null {
  const names = NAMES.filter((name) => guards[name]);
  return names.length === 0 ? null : [PREFIX, ...names].join("-");
}

/** What a filter of any tool guards, as far as its name says. */
export function guardsOf(filter: string | null): Guards {
  const own = filter?.startsWith(`${PREFIX}-`) ? filter.slice(PREFIX.length + 1).split("-") : [];
  return { mac: own.includes("mac") || OF_LIBVIRT.test(filter ?? ""), dhcp: own.includes("dhcp"), router: own.includes("router") };
}

/** A filter that another tool gave, which says more than guards do: it is never replaced. */
export const isForeign = (filter: string | null): boolean => filter !== null && !filter.startsWith(`${PREFIX}-`);

type Rule = readonly [protocol: string, attributes: readonly (readonly [string, string])[]];
const RULES: Readonly<Record<keyof Guards, readonly Rule[]>> = {
  mac: [
    [
      "mac",
      [
        ["match", "no"],
        ["srcmacaddr", "$MAC"],
      ],
    ],
  ],
  dhcp: [
    [
      "ip",
      [
        ["protocol", "udp"],
        ["srcportstart", "67"],
      ],
    ],
    [
      "ipv6",
      [
        ["protocol", "udp"],
        ["srcportstart", "547"],
      ],
    ],
  ],
  router: ["134", "137"].map((type) => [
    "ipv6",
    [
      ["protocol", "icmpv6"],
      ["type", type],
    ],
  ]),
};

export function filterElement(guards: Guards): XmlElement {
  const filter = new XmlElement("filter", [
    ["name", filterNameOf(guards) ?? PREFIX],
    ["chain", "root"],
  ]);
  for (const [protocol, attributes] of NAMES.filter((name) => guards[name]).flatMap((name) => RULES[name])) {
    const rule = filter.append(
      new XmlElement("rule", [
        ["action", "drop"],
        ["direction", "out"],
        ["priority", "100"],
      ]),
    );
    rule.append(new XmlElement(protocol, attributes));
  }
  return filter;
}

/** The daemon has filters at all. */
export async function hasFilters(session: Session): Promise<boolean> {
  try {
    await session.client.call("connectListAllNwfilters", { need: false, flags: 0 });
    return true;
  } catch (error) {
    if (isLibvirtError(error, "NO_SUPPORT")) return false;
    throw error;
  }
}

/** Makes the filter of these guards unless it is there. */
export async function ensureFilter(session: Session, guards: Guards): Promise<void> {
  const name = filterNameOf(guards);
  if (name === null) return;
  try {
    await session.client.call("nwfilterLookupByName", { name });
    return;
  } catch (error) {
    if (!isLibvirtError(error, "NO_NWFILTER")) throw error;
  }
  try {
    await session.client.call("nwfilterDefineXml", { xml: filterElement(guards).toString() });
  } catch (cause) {
    // Two changes at once make it once.
    const isThere = await session.client.call("nwfilterLookupByName", { name }).catch(() => null);
    if (!isThere) throw new VmFailure("HYPERVISOR_FAILED", `libvirt did not take the filter ${name}.`, undefined, { cause });
  }
}
