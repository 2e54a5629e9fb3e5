// Where disks may lie: the folders of the declared storage classes, and the plain files directly in them. Every path goes through
// here before anything is done to it. Looks at the file system only; asks libvirt nothing, changes nothing.
import { lstat, readdir, realpath, stat, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { VmFailure } from "../../virtual/failure.ts";
import type { LibvirtTable } from "../tables.ts";
import type { DeclaredImage, Volume } from "./contract.ts";

/** Not hidden, and nothing that XML, a shell or another file system would read differently. */
const FILE = /^[^./\p{Cc}][^/\p{Cc}]{0,254}$/u;
const STEM = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | null)?.code;

export interface Space {
  readonly totalBytes: number;
  /** For those who are not root: what qemu may still take. */
  readonly freeBytes: number;
}

export class Places {
  readonly #table: LibvirtTable;

  constructor(table: LibvirtTable) {
    this.#table = table;
  }

  get classes(): readonly string[] {
    return Object.keys(this.#table.storage);
  }

  /** As declared. Throws STORAGE_NOT_FOUND. */
  declared(storageClass: string): string {
    const entry = Object.hasOwn(this.#table.storage, storageClass) ? this.#table.storage[storageClass] : undefined;
    if (!entry) throw new VmFailure("STORAGE_NOT_FOUND", `The host declares no storage class ${storageClass}.`);
    return entry.path;
  }

  /** The class's folder with links resolved. Throws STORAGE_NOT_FOUND, or STORAGE_UNAVAILABLE where it is not there or no folder. */
  async folder(storageClass: string): Promise<string> {
    const declared = this.declared(storageClass);
    try {
      const folder = await realpath(declared);
      if ((await stat(folder)).isDirectory()) return folder;
    } catch (cause) {
      throw new VmFailure("STORAGE_UNAVAILABLE", `The folder of storage class ${storageClass} cannot be reached.`, undefined, { cause });
    }
    throw new VmFailure("STORAGE_UNAVAILABLE", `What storage class ${storageClass} names is no folder.`);
  }

  async space(storageClass: string): Promise<Space> {
    const { bsize, blocks, bavail } = await statfs(await this.folder(storageClass));
    return { totalBytes: bsize * blocks, freeBytes: bsize * bavail };
  }

  /** Path of a file to be made. Throws STORAGE_OUTSIDE for a name that is more than a name. */
  async pathFor(storageClass: string, file: string): Promise<string> {
    if (!FILE.test(file)) throw new VmFailure("STORAGE_OUTSIDE", "The file's name must be a plain name.");
    return join(await this.folder(storageClass), file);
  }

  static isStem(stem: string): boolean {
    return STEM.test(stem);
  }

  /** Whether anything has that name: a link that leads nowhere too. */
  async isTaken(path: string): Promise<boolean> {
    try {
      await lstat(path);
      return true;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return false;
      throw new VmFailure("STORAGE_UNAVAILABLE", "The storage class cannot be looked into.", undefined, { cause: error });
    }
  }

  /** null unless it is a plain file that lies directly in the folder of a class, is no link and has one name only. */
  async locate(path: string | null): Promise<Volume | null> {
    if (path === null || !path.startsWith("/")) return null;
    const file = basename(path);
    if (!FILE.test(file) || path.endsWith("/")) return null;
    const folder = await realpath(dirname(path)).catch(() => null);
    if (folder === null) return null;
    for (const storageClass of this.classes) {
      if ((await realpath(this.declared(storageClass)).catch(() => null)) !== folder) continue;
      const full = join(folder, file);
      return (await isPlain(full)) ? { storageClass, file, path: full } : null;
    }
    return null;
  }

  /** Names of the plain files of a class, of those that are given, else of all; null: the folder may not be read by us. */
  async list(storageClass: string, names?: readonly string[]): Promise<Volume[] | null> {
    const folder = await this.folder(storageClass);
    const all = names ?? (await namesIn(folder));
    if (all === null) return null;
    const volumes = all.filter((file) => FILE.test(file)).map((file) => ({ storageClass, file, path: join(folder, file) }));
    const plain = await Promise.all(volumes.map((volume) => isPlain(volume.path)));
    return volumes.filter((_, index) => plain[index]);
  }

  image(name: string, kind?: "disk" | "iso"): DeclaredImage {
    const entry = Object.hasOwn(this.#table.images, name) ? this.#table.images[name] : undefined;
    const found = entry && { name, kind: imageKind(entry.path), path: entry.path, osFamily: entry.os_family ?? null };
    if (found && (kind === undefined || found.kind === kind)) return found;
    const what = kind === undefined ? "image" : { disk: "disk image", iso: "ISO image" }[kind];
    throw new VmFailure("IMAGE_NOT_FOUND", `The host declares no ${what} ${name}.`);
  }

  /** With links resolved: of a declared image, whose file the host's owner chose. Throws what the file system says. */
  real(path: string): Promise<string> {
    return realpath(path);
  }

  /** The declared image that lies at a path. */
  async imageAt(path: string | null): Promise<string | null> {
    if (path === null) return null;
    const images = Object.entries(this.#table.images);
    const exact = images.find(([, image]) => image.path === path);
    if (exact) return exact[0];
    const real = await realpath(path).catch(() => null);
    for (const [name, image] of images) if (real !== null && (await realpath(image.path).catch(() => null)) === real) return name;
    return null;
  }
}

export const imageKind = (path: string): "disk" | "iso" => (path.toLowerCase().endsWith(".iso") ? "iso" : "disk");

async function isPlain(path: string): Promise<boolean> {
  const entry = await lstat(path).catch(() => null);
  return entry !== null && entry.isFile() && entry.nlink === 1;
}

async function namesIn(folder: string): Promise<readonly string[] | null> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === "EACCES") return null;
    throw new VmFailure("STORAGE_UNAVAILABLE", undefined, undefined, { cause: error });
  }
}
