// Procedures about the connection, the host and its hypervisor. `flags` are libvirt's own, of the call of the same name.
import { characters, domain, flag, int, list, optional, string, struct, typedParameter, uint, unsignedHyper } from "../types.ts";
import { quick, slow } from "./define.ts";

const statsRecord = struct({ domain, parameters: list(typedParameter) });

export const CONNECTION = {
  authList: quick(66, {}, { types: list(int, 20) }),
  authPolkit: quick(70, {}, { complete: flag }),
  connectOpen: quick(1, { name: optional(string), flags: uint }, {}),
  connectClose: quick(2, {}, {}),
  connectSupportsFeature: quick(60, { feature: int }, { supported: flag }),
  connectGetType: quick(3, {}, { type: string }),
  connectGetVersion: quick(4, {}, { version: unsignedHyper }),
  connectGetLibVersion: quick(157, {}, { version: unsignedHyper }),
  connectGetHostname: quick(59, {}, { hostname: string }),
  connectGetUri: quick(110, {}, { uri: string }),
  /** Probes the hypervisor's binaries when they changed: seconds. */
  connectGetCapabilities: slow(7, {}, { xml: string }),
  connectGetDomainCapabilities: slow(
    342,
    { emulator: optional(string), arch: optional(string), machine: optional(string), type: optional(string), flags: uint },
    { xml: string },
  ),
  nodeGetInfo: quick(
    6,
    {},
    { model: characters(32), memoryKib: unsignedHyper, cpus: int, mhz: int, nodes: int, sockets: int, cores: int, threads: int },
  ),
  nodeGetFreeMemory: quick(102, {}, { bytes: unsignedHyper }),
  /** An empty list of domains: all of them, by the flags. */
  connectGetAllDomainStats: quick(344, { domains: list(domain, 16_384), stats: uint, flags: uint }, { records: list(statsRecord) }),
} as const;
