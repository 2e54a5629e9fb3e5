// Fields that the operations on virtual machines, disks, networks and storage share: names, ids, sizes, and what a change
// answers. Holds no operation.
import * as z from "zod";

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

const NAME_RULE = "must be 1 to 64 letters, digits, dots, dashes, underscores, and begin with a letter or a digit";

/** Hypervisors take more; a name that is also a file name, a DNS label and a path segment surprises nobody. */
export const vmNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, NAME_RULE)
  .meta({ description: "letters, digits, dots, dashes, underscores; unique on the host" });

export const vmIdSchema = z
  .string()
  .regex(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/)
  .meta({ description: "the hypervisor's UUID of the virtual machine" });

/** Minted by the driver; says nothing, and stays while the device does. */
export const deviceIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/)
  .meta({ description: "opaque, stable" });

/** What the host's file declares under that name: a storage class, a network, an image. */
export const resourceNameSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/);

export const deviceNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/)
  .meta({ description: "unique among the devices of the machine; disk0, nic0 and so on without" });

export const snapshotNameSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, NAME_RULE);

/** No control characters but line breaks and tabs: libvirt's XML and Hyper-V's WMI refuse them; no half of a surrogate pair. */
export const descriptionSchema = z
  .string()
  .max(4_000)
  .regex(
    // oxlint-disable-next-line no-control-regex -- they are what this refuses
    /^(?:[^\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]|[\ud800-\udbff][\udc00-\udfff])*$/,
    "must be text without control characters",
  );

/** Whatever UTF-8 can hold: a half of a surrogate pair would become another character on its way. */
export const UNICODE = /^(?:[^\ud800-\udfff]|[\ud800-\udbff][\udc00-\udfff])*$/;

export const tagSchema = z.string().regex(/^[a-z0-9][a-z0-9._:=/-]{0,62}$/);
export const tagsSchema = z.array(tagSchema).max(32);

/** Hyper-V counts memory in 2 MiB. */
export const memorySchema = z
  .int()
  .min(32 * MiB)
  .max(24 * 1024 * GiB)
  .multipleOf(2 * MiB)
  .meta({ description: "bytes, a multiple of 2 MiB" });

/** 64 TiB is the most of VHDX; a sector is 4,096 at most. */
export const diskSizeSchema = z
  .int()
  .min(MiB)
  .max(64 * 1024 * GiB)
  .multipleOf(4_096)
  .meta({ description: "bytes, a multiple of 4,096" });

/** Unicast: the lowest bit of the first byte is 0. */
export const macSchema = z
  .string()
  .regex(/^[0-9A-Fa-f][02468ACEace](:[0-9A-Fa-f]{2}){5}$/)
  .meta({ description: "unicast, with colons" });

export const vlanSchema = z.int().min(1).max(4_094);
export const bytesSchema = z.int().min(0).meta({ description: "bytes" });
export const timeSchema = z.string().meta({ description: "RFC 3339, UTC" });

const changeSchema = z.object({
  field: z.string().meta({ description: "as in the specification" }),
  from: z.unknown(),
  to: z.unknown(),
  needs_restart: z.boolean(),
});

/** What a change answers, done or planned. With status `partial`, `not_changed` says what was left and why. */
export const changedData = z.object({
  id: z.string().meta({ description: "of what was changed or made; a plan has no id yet of a machine that it would make: zeros" }),
  planned: z.boolean().meta({ description: "true: nothing was changed, this is what would be" }),
  changed: z.array(z.string()).meta({ description: "fields, as in the specification" }),
  changes: z.array(changeSchema),
  not_changed: z.array(z.object({ field: z.string(), code: z.string(), message: z.string() })),
  needs_restart: z.boolean().meta({ description: "something applies only when the machine was off once" }),
});

export const vmLock = (vm: string): string => `vm:${vm.toLowerCase()}`;
/** Two machines of one name must not be made at once. */
export const vmNameLock = (name: string): string => `vm-name:${name.toLowerCase()}`;
/** Two adapters of one address must not be made at once. */
export const macLocks = (macs: readonly (string | undefined)[]): string[] =>
  macs.flatMap((mac) => (mac === undefined ? [] : [`mac:${mac.toLowerCase()}`]));
export const diskLock = (disk: string): string => `disk:${disk}`;

/** A call: answered at once on a host that is well; one that starts PowerShell under load takes seconds. */
export const READ = { risk: "read", idempotent: true, timeoutMs: { default: 30_000, max: 30_000 } } as const;
/** A change that the hypervisor makes in seconds. */
export const CHANGE = { risk: "change", idempotent: false, plannable: true, timeoutMs: { default: 120_000, max: 3600_000 } } as const;
/** One that loses what cannot be had again. */
export const DESTROY = { ...CHANGE, risk: "destructive" } as const;
/** One that copies disks. */
export const COPY = { ...CHANGE, timeoutMs: { default: 3600_000, max: 24 * 3600_000 } } as const;
