// Bytes of a volume's file as they lie there, through libvirt: where the relay itself may not read.
import { gather } from "../rpc/stream.ts";
import type { Session } from "../session.ts";
import type { Storage, Volume } from "./contract.ts";

/** May give less at the end of the file. */
export type ReadAt = (offset: number, length: number) => Promise<Buffer>;

export const throughLibvirt =
  (session: Session, storage: Pick<Storage, "ready">, volume: Volume): ReadAt =>
  async (offset, length) => {
    const ref = await storage.ready(volume);
    const { stream } = await session.client.openStream("storageVolDownload", { volume: ref, offset, length, flags: 0 });
    try {
      return await gather(stream, length);
    } finally {
      stream.destroy();
    }
  };
