// A picture of a screen as the contract wants it: PNG, at most so wide, within its bound. Same for each hypervisor.
import { isPng, pngSize, readPng, writePng } from "./png.ts";
import { readPpm, shrink, type Raster } from "./raster.ts";

/** The contract's 900,000 characters of base64. */
const PNG_BYTES = 675_000;
/** Where the bytes are too many, the next try has half the pixels. */
const STEP = Math.SQRT1_2;
const WIDTH_MIN = 64;

export interface Screenshot {
  readonly png: Buffer;
  readonly width: number;
  readonly height: number;
}

/** As PNG, at most that wide and within the bound of the contract. */
export async function fit(bytes: Buffer, maxWidth: number = Number.POSITIVE_INFINITY, maxBytes: number = PNG_BYTES): Promise<Screenshot> {
  if (isPng(bytes)) {
    const size = pngSize(bytes);
    if (size.width <= maxWidth && bytes.length <= maxBytes) return { png: bytes, ...size };
  }
  return fitRaster(isPng(bytes) ? await readPng(bytes) : readPpm(bytes), maxWidth, maxBytes);
}

/** The same of a picture that is read already. */
export async function fitRaster(
  whole: Raster,
  maxWidth: number = Number.POSITIVE_INFINITY,
  maxBytes: number = PNG_BYTES,
): Promise<Screenshot> {
  let width = Math.min(maxWidth, whole.width);
  for (;;) {
    const picture = shrink(whole, width);
    const png = await writePng(picture);
    if (png.length <= maxBytes || picture.width <= WIDTH_MIN) return { png, width: picture.width, height: picture.height };
    width = Math.max(WIDTH_MIN, Math.floor(picture.width * STEP));
  }
}
