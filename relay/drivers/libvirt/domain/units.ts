// Sizes in domain XML: a number with a unit, whose default depends on the element.
import type { XmlElement } from "../xml/tree.ts";

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  byte: 1,
  k: 2 ** 10,
  kib: 2 ** 10,
  kb: 1e3,
  m: 2 ** 20,
  mib: 2 ** 20,
  mb: 1e6,
  g: 2 ** 30,
  gib: 2 ** 30,
  gb: 1e9,
  t: 2 ** 40,
  tib: 2 ** 40,
  tb: 1e12,
};

/** Bytes; null when there is no element or no number in it. */
export function sizeOf(element: XmlElement | null, defaultUnit = "KiB"): number | null {
  const factor = UNITS[(element?.attribute("unit") ?? defaultUnit).toLowerCase()];
  const number = numberOf(element?.text);
  return factor === undefined || number === null ? null : number * factor;
}

/** A whole number of no sign, as libvirt writes it; null otherwise. */
export function numberOf(text: string | null | undefined): number | null {
  const trimmed = text?.trim() ?? "";
  return /^\d{1,15}$/.test(trimmed) ? Number(trimmed) : null;
}
