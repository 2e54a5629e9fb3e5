// Every verb there is, in the order of the help.
import { ADMINISTRATION_VERBS } from "./administration-verbs.ts";
import { MACHINE_VERBS } from "./machine-verbs.ts";
import { MODEL_VERBS } from "./model-verbs.ts";
import { WORK_VERBS } from "./work-verbs.ts";
import type { Verb } from "./verb.ts";

export const VERBS: Readonly<Record<string, Verb>> = { ...MACHINE_VERBS, ...WORK_VERBS, ...MODEL_VERBS, ...ADMINISTRATION_VERBS };
