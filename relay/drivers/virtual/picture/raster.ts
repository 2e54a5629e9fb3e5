// Pictures of a screen as rows of red, green and blue bytes: read from PPM and RGB565, made smaller. Takes nothing beyond its bounds: what a
// hypervisor sends is not trusted either. PNG is in png.ts.

export interface Raster {
  readonly width: number;
  readonly height: number;
  /** 3 bytes a pixel, rows without padding. */
  readonly rgb: Uint8Array;
}

/** An 8K screen has 33 million. */
const PIXELS_MAX = 36_000_000;
/** Bytes a pixel. */
export const RGB = 3;

/** The bytes are not a picture that is read here. */
export class RasterError extends Error {
  override readonly name = "RasterError";
}

/** Throws RasterError for what no screen has. */
export function assertSize(width: number, height: number): void {
  const isSound = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (!isSound || width * height > PIXELS_MAX) throw new RasterError("a picture of that size is not taken");
}

/** P6 with 255 shades. */
export function readPpm(bytes: Buffer): Raster {
  const head = /^P6\s+(?:#[^\n]*\n\s*)*(\d{1,6})\s+(?:#[^\n]*\n\s*)*(\d{1,6})\s+255\s/.exec(bytes.toString("latin1", 0, 512));
  if (!head) throw new RasterError("not a PPM of 8 bits a colour");
  const [width, height] = [Number(head[1]), Number(head[2])];
  assertSize(width, height);
  const rgb = bytes.subarray(head[0].length, head[0].length + width * height * RGB);
  if (rgb.length < width * height * RGB) throw new RasterError("the picture is not whole");
  return { width, height, rgb };
}

/** 16 bits a pixel, low byte first: five of red, six of green, five of blue, each spread over eight. */
export function readRgb565(bytes: Buffer, width: number, height: number): Raster {
  assertSize(width, height);
  if (bytes.length !== width * height * 2) throw new RasterError("the picture is not whole");
  const rgb = new Uint8Array(width * height * RGB);
  for (let from = 0, to = 0; from < bytes.length; from += 2, to += RGB) {
    const pixel = bytes.readUInt16LE(from);
    const [red, green, blue] = [pixel >> 11, (pixel >> 5) & 0x3f, pixel & 0x1f];
    rgb[to] = (red << 3) | (red >> 2);
    rgb[to + 1] = (green << 2) | (green >> 4);
    rgb[to + 2] = (blue << 3) | (blue >> 2);
  }
  return { width, height, rgb };
}

/** In proportion to that width; each new pixel is the mean of those that it covers. A width that is not smaller changes nothing. */
export function shrink(picture: Raster, toWidth: number): Raster {
  if (toWidth >= picture.width) return picture;
  const width = Math.max(1, Math.floor(toWidth));
  const height = Math.max(1, Math.round((picture.height * width) / picture.width));
  const rgb = new Uint8Array(width * height * RGB);
  const edge = (index: number, of: number, all: number) => Math.floor((index * all) / of);
  for (let y = 0, to = 0; y < height; y += 1) {
    const [top, bottom] = [edge(y, height, picture.height), edge(y + 1, height, picture.height)];
    for (let x = 0; x < width; x += 1, to += RGB) {
      const [left, right] = [edge(x, width, picture.width), edge(x + 1, width, picture.width)];
      meanInto(rgb, to, picture, { left, right, top, bottom: Math.max(bottom, top + 1) });
    }
  }
  return { width, height, rgb };
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function meanInto(rgb: Uint8Array, to: number, picture: Raster, { left, right, top, bottom }: Box): void {
  const { rgb: source, width } = picture;
  let [red, green, blue] = [0, 0, 0];
  for (let y = top; y < bottom; y += 1)
    for (let at = (y * width + left) * RGB, end = (y * width + right) * RGB; at < end; at += RGB) {
      red += source[at]!;
      green += source[at + 1]!;
      blue += source[at + 2]!;
    }
  const count = (right - left) * (bottom - top);
  rgb[to] = Math.round(red / count);
  rgb[to + 1] = Math.round(green / count);
  rgb[to + 2] = Math.round(blue / count);
}
