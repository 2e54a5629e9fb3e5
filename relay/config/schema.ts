// The shape of relay.toml as a whole. Each driver owns the table of its name; this file only puts them together.
import * as z from "zod";
import { hostNameSchema, labelSchema } from "../../protocol/link/control.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { commandsSchema, commandTableSchema } from "../drivers/command/tables.ts";
import { hypervTableSchema } from "../drivers/hyperv/tables.ts";
import { libvirtTableSchema } from "../drivers/libvirt/tables.ts";
import { terminalTableSchema } from "../drivers/tmux/tables.ts";
import { servicesSchema } from "./services.ts";

/** `*`, `noun.*` or an operation. Operations of later versions may be named. */
const patternSchema = z
  .string()
  .max(64)
  .regex(/^(\*|[a-z]+\.\*|[a-z]+(\.[a-z][a-z0-9-]*)+)$/, 'must be an operation ("command.run"), "noun.*" or "*"');

const edgeUrlSchema = z
  .string()
  .max(2048)
  .refine((text) => URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol), "must be an http or https URL");

export const relayTomlSchema = z.strictObject({
  name: hostNameSchema.optional(),
  labels: z.array(labelSchema).max(LIMITS.labels).default([]),
  /** Jobs at once. */
  slots: z.int().min(1).max(LIMITS.slots).default(8),
  /** Where journal and spool live; relative to this file. */
  state_dir: z.string().min(1).max(4096).optional(),
  allow: z.strictObject({ operations: z.array(patternSchema).max(200) }).optional(),
  edge: z.strictObject({ url: edgeUrlSchema }).optional(),
  /** Cloudflare Access service token of this host. The secret itself is in the environment, never in this file. */
  access: z
    .strictObject({ client_id: z.string().min(1).max(256), client_secret_env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/) })
    .optional(),
  terminal: terminalTableSchema.prefault({}),
  /** Stream connections that are kept open beside the control connection, where there is something to stream. */
  lanes: z.int().min(1).max(LIMITS.lanes).default(1),
  services: servicesSchema.default({}),
  commands: commandsSchema.default({}),
  command: commandTableSchema.prefault({}),
  libvirt: libvirtTableSchema.optional(),
  hyperv: hypervTableSchema.optional(),
});

/** Tables of the design whose driver this version does not have. */
export const LATER_TABLES: ReadonlySet<string> = new Set(
  "containerd docker daemon tmux ssh tailscale ollama lmstudio openai bedrock http".split(" "),
);
