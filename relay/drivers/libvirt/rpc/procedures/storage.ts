// Procedures about a domain's disks and snapshots, and about storage pools, volumes and networks.
import * as t from "../types.ts";
import { quick, slow, stream } from "./define.ts";

const { domain, flag, int, list, optional, string, struct, uint, unsignedHyper } = t;
const pool = t.storagePool;
const volume = t.storageVolume;

/** Block jobs run on in QEMU after the call was answered: followed by events and by domainGetBlockJobInfo. */
export const BLOCK = {
  domainBlockResize: slow(251, { domain, disk: string, size: unsignedHyper, flags: uint }, {}),
  domainGetBlockInfo: quick(
    194,
    { domain, path: string, flags: uint },
    { allocation: unsignedHyper, capacity: unsignedHyper, physical: unsignedHyper },
  ),
  domainSetBlockIoTune: slow(252, { domain, disk: string, parameters: list(t.typedParameter, 32), flags: uint }, {}),
  domainBlockCommit: slow(
    290,
    { domain, disk: string, base: optional(string), top: optional(string), bandwidth: unsignedHyper, flags: uint },
    {},
  ),
  domainBlockPull: slow(240, { domain, path: string, bandwidth: unsignedHyper, flags: uint }, {}),
  domainBlockCopy: slow(345, { domain, path: string, xml: string, parameters: list(t.typedParameter, 16), flags: uint }, {}),
  domainGetBlockJobInfo: quick(
    238,
    { domain, path: string, flags: uint },
    { found: flag, type: int, bandwidth: unsignedHyper, done: unsignedHyper, total: unsignedHyper },
  ),
  domainBlockJobAbort: slow(237, { domain, path: string, flags: uint }, {}),
} as const;

export const SNAPSHOT = {
  domainSnapshotCreateXml: slow(185, { domain, xml: string, flags: uint }, { snapshot: t.snapshot }),
  domainListAllSnapshots: quick(274, { domain, need: flag, flags: uint }, { snapshots: list(t.snapshot, 16_384), count: int }),
  domainSnapshotGetXmlDesc: quick(186, { snapshot: t.snapshot, flags: uint }, { xml: string }),
  domainSnapshotLookupByName: quick(189, { domain, name: string, flags: uint }, { snapshot: t.snapshot }),
  domainSnapshotCurrent: quick(191, { domain, flags: uint }, { snapshot: t.snapshot }),
  domainRevertToSnapshot: slow(192, { snapshot: t.snapshot, flags: uint }, {}),
  domainSnapshotDelete: slow(193, { snapshot: t.snapshot, flags: uint }, {}),
} as const;

export const STORAGE = {
  connectListAllStoragePools: quick(281, { need: flag, flags: uint }, { pools: list(pool, 16_384), count: uint }),
  storagePoolLookupByName: quick(84, { name: string }, { pool }),
  storagePoolLookupByTargetPath: quick(391, { path: string }, { pool }),
  storagePoolDefineXml: slow(77, { xml: string, flags: uint }, { pool }),
  storagePoolCreateXml: slow(76, { xml: string, flags: uint }, { pool }),
  storagePoolCreate: slow(78, { pool, flags: uint }, {}),
  /** Makes the folder of a pool that lies in one; deleting takes it away when it is empty. */
  storagePoolBuild: slow(79, { pool, flags: uint }, {}),
  storagePoolDestroy: slow(80, { pool }, {}),
  storagePoolDelete: slow(81, { pool, flags: uint }, {}),
  storagePoolUndefine: slow(82, { pool }, {}),
  storagePoolSetAutostart: slow(90, { pool, autostart: flag }, {}),
  storagePoolRefresh: slow(83, { pool, flags: uint }, {}),
  storagePoolGetInfo: quick(87, { pool }, { state: uint, capacity: unsignedHyper, allocation: unsignedHyper, available: unsignedHyper }),
  storagePoolGetXmlDesc: quick(88, { pool, flags: uint }, { xml: string }),
  storagePoolIsActive: quick(154, { pool }, { active: flag }),
  storagePoolListAllVolumes: quick(282, { pool, need: flag, flags: uint }, { volumes: list(volume, 16_384), count: uint }),
  storageVolLookupByName: quick(95, { pool, name: string }, { volume }),
  storageVolLookupByPath: quick(97, { path: string }, { volume }),
  storageVolCreateXml: slow(93, { pool, xml: string, flags: uint }, { volume }),
  storageVolCreateXmlFrom: slow(125, { pool, xml: string, from: volume, flags: uint }, { volume }),
  storageVolDelete: slow(94, { volume, flags: uint }, {}),
  storageVolResize: slow(260, { volume, capacity: unsignedHyper, flags: uint }, {}),
  /** Asks the file, so a volume that grows is seen at once. */
  storageVolGetInfo: slow(98, { volume }, { type: int, capacity: unsignedHyper, allocation: unsignedHyper }),
  storageVolGetXmlDesc: slow(99, { volume, flags: uint }, { xml: string }),
  storageVolGetPath: quick(100, { volume }, { path: string }),
  storageVolUpload: stream(208, { volume, offset: unsignedHyper, length: unsignedHyper, flags: uint }, {}),
  storageVolDownload: stream(209, { volume, offset: unsignedHyper, length: unsignedHyper, flags: uint }, {}),
} as const;

const lease = struct({
  interface: string,
  expires: t.hyper,
  type: int,
  mac: optional(string),
  iaid: optional(string),
  address: string,
  prefix: uint,
  hostname: optional(string),
  clientId: optional(string),
});

export const NETWORK = {
  connectListAllNetworks: quick(283, { need: flag, flags: uint }, { networks: list(t.network, 16_384), count: uint }),
  networkLookupByName: quick(46, { name: string }, { network: t.network }),
  networkGetXmlDesc: quick(43, { network: t.network, flags: uint }, { xml: string }),
  networkIsActive: quick(152, { network: t.network }, { active: flag }),
  networkGetBridgeName: quick(45, { network: t.network }, { name: string }),
  networkGetDhcpLeases: quick(
    341,
    { network: t.network, mac: optional(string), need: flag, flags: uint },
    { leases: list(lease, 65_536), count: uint },
  ),
  connectListAllNwfilters: quick(286, { need: flag, flags: uint }, { filters: list(t.network, 16_384), count: uint }),
  nwfilterLookupByName: quick(175, { name: string }, { filter: t.network }),
  nwfilterDefineXml: slow(180, { xml: string }, { filter: t.network }),
} as const;
