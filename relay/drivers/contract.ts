// What a driver is. A driver knows neither the link nor another driver; it gets a validated spec and gives a result.
// Life: construct (no side effects) → start (connects to what it drives, reconnects by itself) → use → stop.
//
// Streams, beside operations. A driver of services answers `services()`: one HostedService each, made with `hosted()` of
// relay/proxy/hosted.ts from an Upstream (relay/proxy/upstream.ts: url or socket, bearer), a function that says the Service of the
// catalogue now, and, for model servers, a `tap` (relay/proxy/tap.ts) that counts or rewrites one exchange. Which routes are open
// follows from the service itself: `routes` of an `http` one, the table by kind (relay/proxy/model-routes.ts) of the others. The tmux driver
// answers `openTerminal`. drivers/index.ts gathers these into the catalogue and into the StreamServers of the lanes.
import type * as z from "zod";
import type { JobRequest, JobResult } from "../../protocol/envelope.ts";
import type { InventoryItem } from "../../protocol/inventory.ts";
import type { StreamName } from "../../protocol/link/records.ts";
import type { OPERATIONS, OperationName } from "../../protocol/operations/index.ts";
import type { Service } from "../../protocol/services.ts";
import type { VirtualResources } from "../../protocol/virtual-resources.ts";
import type { Serve } from "../streams/contract.ts";

/** What a handler may use of the job that it runs. A call has one too: its output and progress go nowhere. */
export interface JobContext {
  readonly request: JobRequest;
  /** Aborts on cancel and at the deadline. The handler must then settle within LIMITS.cancelGraceMs; its result still counts if the effect was finished. */
  readonly signal: AbortSignal;
  /** Takes bytes of a stream at once (spooled, then sent); the returned promise, when there is one, asks the producer to pause until it settles. */
  output(stream: StreamName, bytes: Uint8Array): Promise<void> | undefined;
  progress(percent: number | null, message: string): void;
  log(level: "debug" | "info" | "warn" | "error", message: string): void;
}

/** A result without the mirror of the correlation id, which the runner adds. */
export type HandlerResult = Omit<JobResult, "correlation_id" | "logs">;

export type SpecOf<N extends OperationName> = z.infer<(typeof OPERATIONS)[N]["spec"]>;
export type Handler<N extends OperationName> = (spec: SpecOf<N>, context: JobContext) => Promise<HandlerResult>;

export interface DriverHealth {
  readonly available: boolean;
  /** One line for people: what was found, or why not and what to do. */
  readonly detail: string;
}

/** A service as one driver offers it. The same object as long as the driver runs; what it says may change. */
export interface HostedService {
  readonly name: string;
  /** What the catalogue says now: the result of the last look. Cheap; looks at nothing. */
  service(): Service;
  readonly serveHttp: Serve<"http">;
  readonly serveSocket: Serve<"socket">;
}

/** Read anew from time to time; `live` false: the hypervisor does not answer, and `items` is what was known last. */
export interface Inventory {
  readonly live: boolean;
  readonly items: ReadonlyMap<string, InventoryItem>;
}

export interface Driver<N extends OperationName = OperationName> {
  readonly name: string;
  readonly handlers: { readonly [K in N]: Handler<K> };
  /** Locks beyond those of the registry entry, from the host's own file. Empty without. */
  locks?(operation: N, spec: unknown): readonly string[];
  /** The deadline that the host's own file declares for this spec, in milliseconds; undefined: the registry's default. */
  timeoutMs?(operation: N, spec: unknown): number | undefined;
  /** Services that it offers now, declared or found. Declared names win over found ones, earlier drivers over later ones. */
  services?(): readonly HostedService[];
  /** Serves interactive terminals; absent or null: none here. */
  readonly openTerminal?: Serve<"terminal"> | null;
  /** Serves consoles of virtual machines; absent: none here. */
  readonly openConsole?: Serve<"console">;
  /** What virtual machines here are made of; null: none are declared. */
  resources?(): VirtualResources | null;
  /** The virtual machines that there are now, by id; null: this driver has none. Cheap; looks at nothing. */
  inventory?(): Inventory | null;
  /** `changed` may be called at any time until stop(), as often as it likes, when health(), services() or resources() say something new; it is told to the edge at most once a second. `inventoryChanged` likewise, for inventory(). */
  start(changed: () => void, inventoryChanged: () => void): Promise<void>;
  /** Looks at nothing more. Exchanges that are under way go on. */
  stop(): Promise<void>;
  health(): DriverHealth;
}
