// (c) memory of every process of the product: idle, and after the bench's load.
import { pssBytes, rssBytes, tree, type Figure } from "./measure.ts";
import type { Product } from "../product.ts";

const MB = 1_000_000;

/** The relay's process is named; everything else below the product's process (parent, guard, workerd) is the edge. */
export function memoryFigures(product: Product, when: string, goals: { relay: string; edge: string }): Figure[] {
  const processes = tree(product.ready.pid);
  const relay = processes.filter(({ command }) => command.startsWith("farhand-relay"));
  const edge = processes.filter((one) => !relay.includes(one));
  const sum = (list: typeof processes, of: (pid: number) => number) => list.reduce((total, { pid }) => total + of(pid), 0) / MB;
  return [
    { name: `${when}: relay, RSS`, value: sum(relay, rssBytes), unit: "MB", goal: goals.relay },
    { name: `${when}: relay, PSS`, value: sum(relay, pssBytes), unit: "MB" },
    { name: `${when}: edge in ${edge.length} processes, PSS`, value: sum(edge, pssBytes), unit: "MB", goal: goals.edge },
    ...edge.map(({ pid, command }) => ({ name: `  ${command.slice(0, 44)}`, value: pssBytes(pid) / MB, unit: "MB" })),
  ];
}
