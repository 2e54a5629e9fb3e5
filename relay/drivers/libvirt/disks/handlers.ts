// Disks: disk.*.
import type { HandlersOf, Parts } from "../parts.ts";
import { diskMakingHandlers } from "./making.ts";
import { diskReadingHandlers } from "./reading.ts";
import { diskRemovingHandlers } from "./removing.ts";
import { diskUpdatingHandlers } from "./updating.ts";

export const diskHandlers = (
  parts: Parts,
): HandlersOf<
  "disk.list" | "disk.get" | "disk.create" | "disk.clone" | "disk.attach" | "disk.detach" | "disk.resize" | "disk.update" | "disk.delete"
> => ({
  ...diskReadingHandlers(parts),
  ...diskMakingHandlers(parts),
  ...diskRemovingHandlers(parts),
  ...diskUpdatingHandlers(parts),
});
