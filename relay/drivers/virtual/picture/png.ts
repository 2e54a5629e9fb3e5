// PNG, read and written: what QEMU makes of it (8 bits a colour, not interlaced), and nothing else. Compression runs beside the
// event loop.
import { promisify } from "node:util";
import { crc32, deflate, inflate } from "node:zlib";
import { assertSize, RasterError, RGB, type Raster } from "./raster.ts";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export const isPng = (bytes: Buffer): boolean => bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE);

/** Width and height as the head of a PNG says them, without reading the rest. */
export function pngSize(bytes: Buffer): { readonly width: number; readonly height: number } {
  if (!isPng(bytes) || bytes.length < 33 || bytes.toString("latin1", 12, 16) !== "IHDR") throw new RasterError("not a PNG");
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  assertSize(width, height);
  return { width, height };
}

export async function readPng(bytes: Buffer): Promise<Raster> {
  const { width, height } = pngSize(bytes);
  const [depth, colour, , , interlace] = bytes.subarray(24, 29);
  const channels = colour === 2 ? 3 : colour === 6 ? 4 : colour === 0 ? 1 : 0;
  if (depth !== 8 || channels === 0 || interlace !== 0) throw new RasterError("a kind of PNG that is not read here");
  const stride = width * channels;
  const rows = await promisify(inflate)(dataOf(bytes), { maxOutputLength: (stride + 1) * height }).catch(() => {
    throw new RasterError("the picture is damaged");
  });
  if (rows.length !== (stride + 1) * height) throw new RasterError("the picture is not whole");
  unfilter(rows, stride, height, channels);
  const rgb = new Uint8Array(width * height * RGB);
  for (let y = 0, to = 0; y < height; y += 1)
    for (let x = 0, from = y * (stride + 1) + 1; x < width; x += 1, from += channels) {
      const isGrey = channels === 1;
      rgb[to++] = rows[from]!;
      rgb[to++] = rows[isGrey ? from : from + 1]!;
      rgb[to++] = rows[isGrey ? from : from + 2]!;
    }
  return { width, height, rgb };
}

/** The chunks of compressed rows, put together. */
function dataOf(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = SIGNATURE.length; at + 12 <= bytes.length;) {
    const length = bytes.readUInt32BE(at);
    if (length > bytes.length - at - 12) throw new RasterError("the picture is not whole");
    if (bytes.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return Buffer.concat(parts);
}

function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? above : corner;
}

/** Takes the five filters of PNG back, in place: each row is what it differs by from its neighbours. */
function unfilter(rows: Buffer, stride: number, height: number, channels: number): void {
  for (let y = 0; y < height; y += 1) {
    const start = y * (stride + 1) + 1;
    const filter = rows[start - 1]!;
    if (filter > 4) throw new RasterError("the picture is damaged");
    for (let x = 0; x < stride; x += 1) {
      const left = x >= channels ? rows[start + x - channels]! : 0;
      const above = y > 0 ? rows[start + x - stride - 1]! : 0;
      const corner = x >= channels && y > 0 ? rows[start + x - stride - 1 - channels]! : 0;
      const guess = [0, left, above, (left + above) >> 1, filter === 4 ? paeth(left, above, corner) : 0][filter]!;
      rows[start + x] = (rows[start + x]! + guess) & 0xff;
    }
  }
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(8 + body.length);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), 4 + body.length);
  return frame;
}

/** Each row as what it differs by from the one above: screens repeat themselves downwards. */
export async function writePng({ width, height, rgb }: Raster): Promise<Buffer> {
  const stride = width * RGB;
  const rows = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y += 1) {
    const start = y * (stride + 1) + 1;
    rows[start - 1] = 2;
    for (let x = 0; x < stride; x += 1) rows[start + x] = rgb[y * stride + x]! - (y > 0 ? rgb[(y - 1) * stride + x]! : 0);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const data = await promisify(deflate)(rows, { level: 6 });
  return Buffer.concat([SIGNATURE, chunk("IHDR", head), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}
