// Error codes of virtual machines, disks, networks and storage: rows of the one table (errors.ts), apart only because they are
// many. Same for each hypervisor.

const e = (status: number, retryable: boolean, message: string, remedy: string) => ({ status, retryable, message, remedy });

export const VM_ERRORS = {
  // The hypervisor
  HYPERVISOR_UNAVAILABLE: e(
    503,
    true,
    "The hypervisor, or the agent that speaks to it, does not answer.",
    "Ask `farhand doctor` on the host: libvirt's daemon must run (docs/kvm.md), or PowerShell, the Hyper-V module and its service (docs/hyperv.md).",
  ),
  HYPERVISOR_ACCESS_DENIED: e(
    502,
    false,
    "The hypervisor refuses the relay.",
    "Put the relay's account into the host's group libvirt (docs/kvm.md) or Hyper-V Administrators (docs/hyperv.md), and start the relay in a new session.",
  ),
  HYPERVISOR_TIMEOUT: e(
    504,
    false,
    "The hypervisor did not answer in time; the change may still happen.",
    "Look at the virtual machine before you try again.",
  ),
  HYPERVISOR_FAILED: e(
    502,
    false,
    "The hypervisor could not do it.",
    "Read the message; its own log on the host says more: libvirtd's journal, or the event log Hyper-V-VMMS.",
  ),
  HYPERVISOR_UNSUPPORTED: e(422, false, "This hypervisor or its version cannot do this.", "Read the message; a newer version may."),
  AGENT_PROTOCOL: e(
    502,
    false,
    "The host agent did not answer as agreed; what it was asked for may have happened.",
    "Look at the virtual machine before you try again; the job's log has the agent's words, and `farhand doctor` on the host says whether PowerShell runs it.",
  ),
  // Virtual machines
  VM_NOT_FOUND: e(404, false, "There is no such virtual machine on this host.", "GET /api/v1/hosts/{host}/vms lists those there are."),
  VM_EXISTS: e(409, false, "There is a virtual machine of that name or id already.", "Choose another name."),
  VM_STATE_INVALID: e(
    409,
    false,
    "The virtual machine is not in a state in which this can be done.",
    "Start or stop it first, as the message says.",
  ),
  VM_BUSY: e(409, true, "The virtual machine is busy with another change.", "Try again when that one ended."),
  VM_PROTECTED: e(
    409,
    false,
    "The virtual machine is protected against deletion.",
    "Set `deletion_protection` to false first (`farhand vm update HOST VM --protect no`).",
  ),
  VM_HAS_SNAPSHOTS: e(
    409,
    false,
    "The virtual machine has snapshots, which stand in the way.",
    "Delete them first, or say so with the change.",
  ),
  VM_SHUTDOWN_TIMEOUT: e(504, false, "The guest did not shut down in time.", "Look at its screen; ask with `force`, or stop it."),
  VM_CONFIG_INVALID: e(422, false, "The hypervisor refuses this configuration.", "Read the message; correct the fields that it names."),
  VM_START_FAILED: e(
    502,
    false,
    "The virtual machine could not be started.",
    "Read the message; a disk or device that it needs may be missing. `farhand doctor` on the host says whether its hypervisor works.",
  ),
  AGENT_UNAVAILABLE: e(
    409,
    true,
    "The agent in the guest does not answer.",
    "In the guest, install and start qemu-guest-agent (KVM), or Hyper-V's integration services (part of Windows; for Linux the package hyperv-daemons).",
  ),
  HOST_MEMORY_SHORT: e(409, true, "The host has not enough free memory.", "Stop another virtual machine, or ask for less."),
  HOST_CPUS_SHORT: e(422, false, "The host has not that many processors.", "Ask for fewer."),
  SECURE_BOOT_UNSUPPORTED: e(
    422,
    false,
    "The host has no firmware with secure boot.",
    "Install OVMF with its secure-boot variant on the host (KVM).",
  ),
  TPM_UNSUPPORTED: e(
    422,
    false,
    "The host cannot give a TPM.",
    "Install swtpm on the host (KVM); on Hyper-V an administrator makes the host's local guardian (docs/hyperv.md).",
  ),
  // Disks and storage
  DISK_NOT_FOUND: e(404, false, "There is no such disk.", "List the disks of the virtual machine."),
  DISK_EXISTS: e(409, false, "There is a disk of that name already.", "Choose another name."),
  DISK_IN_USE: e(409, false, "The disk is in use.", "Detach it, or stop the virtual machine that writes to it."),
  DISK_SHRINK_REFUSED: e(422, false, "A disk is never made smaller.", "Ask for at least its present size."),
  DISK_HAS_CHILDREN: e(409, false, "Other disks stand on this one.", "Delete the linked copies first, or copy in full."),
  DISK_SLOT_TAKEN: e(409, false, "The virtual machine has no free slot for another device.", "Stop it first; more slots are added then."),
  STORAGE_NOT_FOUND: e(
    422,
    false,
    "The host declares no storage class of that name.",
    "GET /api/v1/hosts/{host}/storage lists those there are.",
  ),
  STORAGE_FULL: e(409, true, "The storage has not enough free space.", "Free some, or choose another storage class."),
  STORAGE_OUTSIDE: e(
    422,
    false,
    "The path lies outside what the host declares.",
    "Declare it as a storage class in relay.toml on the host.",
  ),
  STORAGE_UNAVAILABLE: e(503, true, "The storage cannot be reached.", "Check the path and its mount on the host."),
  IMAGE_NOT_FOUND: e(422, false, "The host declares no image of that name.", "GET /api/v1/hosts/{host}/images lists those there are."),
  // Networks
  NIC_NOT_FOUND: e(404, false, "There is no such network adapter.", "List the network adapters of the virtual machine."),
  NETWORK_NOT_FOUND: e(
    422,
    false,
    "The host declares no network of that name.",
    "GET /api/v1/hosts/{host}/networks lists those there are.",
  ),
  NETWORK_UNAVAILABLE: e(
    409,
    true,
    "The network is not up on the host.",
    "Start it, or make its bridge or virtual switch, on the host; or choose another.",
  ),
  NETWORK_VLAN_UNSUPPORTED: e(
    422,
    false,
    "This network can give an adapter no VLAN of its own.",
    "Use a network on Open vSwitch, or one that has the VLAN.",
  ),
  MAC_IN_USE: e(409, false, "Another network adapter of this host has that address.", "Choose another, or leave it to the host."),
  // Snapshots and screens
  SNAPSHOT_NOT_FOUND: e(404, false, "There is no such snapshot.", "List the snapshots of the virtual machine."),
  SNAPSHOT_EXISTS: e(409, false, "There is a snapshot of that name already.", "Choose another name."),
  SNAPSHOT_UNSUPPORTED: e(422, false, "No snapshot can be taken of this virtual machine here.", "Read the message for the reason."),
  CONSOLE_IN_USE: e(409, true, "Somebody else has the console.", "Ask with `take_over`, or wait."),
  CONSOLE_UNSUPPORTED: e(
    422,
    false,
    "The virtual machine has no such console.",
    "On KVM add a serial port or a screen. Hyper-V has no console here: vm.screenshot and vm.send-keys work.",
  ),
} as const;
