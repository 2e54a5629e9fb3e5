// A child of an element by its name, there once or not at all.
import type { XmlElement } from "./tree.ts";

/** Replaces the first child of that name, or takes it away; a new one goes to the end, whose order libvirt does not mind. */
export function put(element: XmlElement, name: string, child: XmlElement | null): void {
  const old = element.find(name);
  if (old?.toString() === child?.toString()) return;
  if (child && old) element.insertAfter(old, child);
  else if (child) element.append(child);
  if (old) element.remove(old);
}
