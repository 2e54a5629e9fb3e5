// Procedures about a domain: definition, life, hardware, guest. `flags` are libvirt's own, of the call of the same name.
import { domain, flag, hyper, int, list, optional, string, struct, typedParameter, uint, unsignedHyper, uuid } from "../types.ts";
import { agent, quick, slow, stream } from "./define.ts";

const ofDomain = { domain };
const flagged = { domain, flags: uint };
const device = { domain, xml: string, flags: uint };
const address = struct({ type: int, address: string, prefix: uint });
const guestInterface = struct({ name: string, mac: optional(string), addresses: list(address, 2_048) });

export const DOMAIN = {
  connectListAllDomains: quick(273, { need: flag, flags: uint }, { domains: list(domain, 16_384), count: uint }),
  domainLookupByUuid: quick(24, { uuid: uuid }, { domain }),
  domainLookupByName: quick(23, { name: string }, { domain }),
  domainGetXmlDesc: quick(14, flagged, { xml: string }),
  /** Memory in KiB, processor time in nanoseconds. */
  domainGetInfo: quick(16, ofDomain, { state: uint, maxMemory: unsignedHyper, memory: unsignedHyper, cpus: uint, cpuTime: unsignedHyper }),
  domainGetState: quick(212, flagged, { state: int, reason: int }),
  domainGetAutostart: quick(15, ofDomain, { autostart: flag }),
  domainSetAutostart: slow(29, { domain, autostart: flag }, {}),
  domainIsPersistent: quick(151, ofDomain, { persistent: flag }),
  domainIsUpdated: quick(202, ofDomain, { updated: flag }),
  domainDefineXmlFlags: slow(350, { xml: string, flags: uint }, { domain }),
  domainUndefineFlags: slow(231, flagged, {}),
  domainRename: slow(358, { domain, name: optional(string), flags: uint }, { code: int }),
  domainCreateWithFlags: slow(196, flagged, { domain }),
  domainShutdownFlags: slow(258, flagged, {}),
  domainReboot: slow(27, flagged, {}),
  domainReset: slow(245, flagged, {}),
  domainDestroyFlags: slow(234, flagged, {}),
  domainSuspend: slow(34, ofDomain, {}),
  domainResume: slow(28, ofDomain, {}),
  domainManagedSave: slow(182, flagged, {}),
  domainHasManagedSaveImage: quick(183, flagged, { exists: flag }),
  domainManagedSaveRemove: slow(184, flagged, {}),
  /** Memory in KiB. */
  domainSetMemoryFlags: slow(204, { domain, memory: unsignedHyper, flags: uint }, {}),
  domainSetMemoryStatsPeriod: slow(308, { domain, seconds: int, flags: uint }, {}),
  domainSetVcpusFlags: slow(199, { domain, count: uint, flags: uint }, {}),
  domainAttachDeviceFlags: slow(160, device, {}),
  domainDetachDeviceFlags: slow(161, device, {}),
  domainUpdateDeviceFlags: slow(174, device, {}),
  domainDetachDeviceAlias: slow(392, { domain, alias: string, flags: uint }, {}),
  domainSetInterfaceParameters: slow(256, { domain, device: string, parameters: list(typedParameter, 16), flags: uint }, {}),
  domainSetMetadata: slow(
    264,
    { domain, type: int, metadata: optional(string), key: optional(string), uri: optional(string), flags: uint },
    {},
  ),
  domainGetMetadata: quick(265, { domain, type: int, uri: optional(string), flags: uint }, { metadata: string }),
  domainSendKey: slow(226, { domain, codeset: uint, holdMs: uint, keycodes: list(uint, 16), flags: uint }, {}),
  domainInterfaceAddresses: slow(353, { domain, source: uint, flags: uint }, { interfaces: list(guestInterface, 2_048) }),
  domainGetGuestInfo: slow(418, { domain, types: uint, flags: uint }, { parameters: list(typedParameter) }),
  domainFsFreeze: slow(335, { domain, mountpoints: list(string, 256), flags: uint }, { filesystems: int }),
  domainFsThaw: slow(336, { domain, mountpoints: list(string, 256), flags: uint }, { filesystems: int }),
  domainSetTime: slow(338, { domain, seconds: hyper, nanoseconds: uint, flags: uint }, {}),
  domainSetUserPassword: slow(357, { domain, user: optional(string), password: optional(string), flags: uint }, {}),
  domainGetJobStats: quick(298, flagged, { type: int, parameters: list(typedParameter, 64) }),
  domainAbortJob: quick(164, ofDomain, {}),
  /** JSON of the guest agent; `timeout` in seconds, or libvirt's negative words for it. */
  qemuAgentCommand: agent(3, { domain, command: string, timeout: int, flags: uint }, { answer: optional(string) }),
  domainOpenConsole: stream(201, { domain, device: optional(string), flags: uint }, {}),
  domainOpenChannel: stream(296, { domain, name: optional(string), flags: uint }, {}),
  domainScreenshot: stream(211, { domain, screen: uint, flags: uint }, { mime: optional(string) }),
} as const;
