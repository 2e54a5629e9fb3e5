// What a person sees of a virtual machine and sends to it: screenshot, console, keys.
import * as z from "zod";
import { defineOperation } from "./define.ts";
import { CHANGE, READ, vmIdSchema } from "./vm-fields.ts";
import { secret } from "../secret.ts";

export const vmScreenshot = defineOperation({
  ...READ,
  name: "vm.screenshot",
  summary: "The screen of a running virtual machine as PNG",
  spec: z.strictObject({
    vm: vmIdSchema,
    max_width: z.int().min(64).max(4_096).optional().meta({ description: "smaller, in proportion" }),
  }),
  data: z.object({ width: z.int().min(1), height: z.int().min(1), png_base64: z.string().max(900_000) }),
});

/** serial: bytes of a terminal; screen: RFB (RFC 6143), as noVNC speaks it. */
export const CONSOLES = ["serial", "screen"] as const;

/** Also the right to open one: whoever may run it gets a ticket. */
export const vmConsole = defineOperation({
  ...CHANGE,
  name: "vm.console",
  summary: "Whether a console of a virtual machine can be opened now; POST …/vms/{vm}/console gives the ticket for it",
  idempotent: true,
  plannable: false,
  spec: z.strictObject({ vm: vmIdSchema, console: z.enum(CONSOLES).default("serial") }),
  data: z.object({
    console: z.enum(CONSOLES),
    in_use: z.boolean().meta({ description: "somebody has the serial console through this relay" }),
  }),
});

/** Names of keys as on a US keyboard; the driver has each hypervisor's codes. */
const KEYS = [
  "ctrl",
  "alt",
  "shift",
  "meta",
  "enter",
  "escape",
  "backspace",
  "tab",
  "space",
  "insert",
  "delete",
  "home",
  "end",
  "page-up",
  "page-down",
  "up",
  "down",
  "left",
  "right",
  "caps-lock",
  "print-screen",
  "menu",
  "f1",
  "f2",
  "f3",
  "f4",
  "f5",
  "f6",
  "f7",
  "f8",
  "f9",
  "f10",
  "f11",
  "f12",
  "a",
  "b",
  "c",
  "d",
  "e",
  "f",
  "g",
  "h",
  "i",
  "j",
  "k",
  "l",
  "m",
  "n",
  "o",
  "p",
  "q",
  "r",
  "s",
  "t",
  "u",
  "v",
  "w",
  "x",
  "y",
  "z",
  "0",
  "1",
  "2",
  "3",
  "4",
  "5",
  "6",
  "7",
  "8",
  "9",
  "-",
  "=",
  "[",
  "]",
  ";",
  "'",
  "`",
  "\\",
  ",",
  ".",
  "/",
] as const;

export const vmSendKeys = defineOperation({
  ...CHANGE,
  name: "vm.send-keys",
  summary: "Press keys together, or type text, at a running virtual machine",
  plannable: false,
  spec: z.strictObject({
    vm: vmIdSchema,
    chords: z
      .array(z.array(z.enum(KEYS)).min(1).max(16))
      .min(1)
      .max(64)
      .optional()
      .meta({ description: "keys of one chord are held together, chords follow one another" }),
    // People type passwords at screens.
    text: secret(
      z
        .string()
        .min(1)
        .max(1_024)
        .regex(/^[\t\n -~]+$/),
    )
      .optional()
      .meta({ description: "typed as on a US keyboard" }),
    hold_ms: z.int().min(0).max(5_000).default(50),
  }),
  rules: [
    {
      name: "chords-or-text",
      pointer: "",
      message: "takes chords or text, one of them",
      holds: (spec) => (spec.chords === undefined) !== (spec.text === undefined),
    },
  ],
  data: z.object({ sent: z.int().min(0).meta({ description: "keys" }) }),
});
