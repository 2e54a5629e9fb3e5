// The operations on virtual machines as one part of the registry: whatever drives a hypervisor handles all of them.
import { diskAttach, diskClone, diskCreate, diskDelete, diskDetach, diskGet, diskList, diskResize, diskUpdate } from "./disk.ts";
import { imageList } from "./image.ts";
import { isoAttach, isoEject } from "./iso.ts";
import { networkList } from "./network.ts";
import { nicAttach, nicCreate, nicDelete, nicDetach, nicGet, nicList, nicUpdate } from "./nic.ts";
import { snapshotCreate, snapshotDelete, snapshotList, snapshotRevert } from "./snapshot.ts";
import { storageList } from "./storage.ts";
import { vmCreate, vmDelete, vmGet, vmList, vmRename, vmStats, vmUpdate } from "./vm.ts";
import { vmClone, vmExport, vmImport } from "./vm-copy.ts";
import { vmReboot, vmReset, vmResume, vmSave, vmShutdown, vmStart, vmStop, vmSuspend } from "./vm-power.ts";
import { vmConsole, vmScreenshot, vmSendKeys } from "./vm-screen.ts";

export const VM_OPERATIONS = {
  "vm.list": vmList,
  "vm.get": vmGet,
  "vm.create": vmCreate,
  "vm.update": vmUpdate,
  "vm.delete": vmDelete,
  "vm.rename": vmRename,
  "vm.stats": vmStats,
  "vm.start": vmStart,
  "vm.shutdown": vmShutdown,
  "vm.stop": vmStop,
  "vm.reboot": vmReboot,
  "vm.reset": vmReset,
  "vm.suspend": vmSuspend,
  "vm.resume": vmResume,
  "vm.save": vmSave,
  "vm.clone": vmClone,
  "vm.export": vmExport,
  "vm.import": vmImport,
  "vm.screenshot": vmScreenshot,
  "vm.console": vmConsole,
  "vm.send-keys": vmSendKeys,
  "disk.list": diskList,
  "disk.get": diskGet,
  "disk.create": diskCreate,
  "disk.clone": diskClone,
  "disk.attach": diskAttach,
  "disk.detach": diskDetach,
  "disk.resize": diskResize,
  "disk.update": diskUpdate,
  "disk.delete": diskDelete,
  "nic.list": nicList,
  "nic.get": nicGet,
  "nic.create": nicCreate,
  "nic.attach": nicAttach,
  "nic.detach": nicDetach,
  "nic.update": nicUpdate,
  "nic.delete": nicDelete,
  "snapshot.list": snapshotList,
  "snapshot.create": snapshotCreate,
  "snapshot.revert": snapshotRevert,
  "snapshot.delete": snapshotDelete,
  "iso.attach": isoAttach,
  "iso.eject": isoEject,
  "image.list": imageList,
  "network.list": networkList,
  "storage.list": storageList,
} as const;
