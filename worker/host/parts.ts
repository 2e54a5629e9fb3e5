// The parts of a Host object and how they hang together, built once for each instance. No behaviour of its own.
import { idFactory } from "../../protocol/ids.ts";
import { AuditChain } from "../storage/audit.ts";
import { DueTable } from "../storage/due.ts";
import { Sealer } from "../storage/sealed.ts";
import type { Env } from "../env.ts";
import { Calls } from "./calls.ts";
import { Changes } from "./changes.ts";
import type { Core } from "./core.ts";
import { Delivery } from "./delivery.ts";
import { Events } from "./events.ts";
import { Intake } from "./intake.ts";
import { Jobs } from "./jobs.ts";
import { Lifecycle } from "./lifecycle.ts";
import { Links } from "./links.ts";
import { Logs } from "./logs.ts";
import { Machines } from "./machines.ts";
import { Messages } from "./messages.ts";
import { Meta } from "./meta.ts";
import { Outbox } from "./outbox.ts";
import { Outputs } from "./output.ts";
import { Queries } from "./queries.ts";
import { Retention } from "./retention.ts";
import { Spool } from "./spool.ts";
import { Submit } from "./submit.ts";
import { Tickets } from "./tickets.ts";
import { Usage } from "./usage.ts";
import { Wakers } from "./wakers.ts";
import { Welcome } from "./welcome.ts";

export class Parts implements Core {
  readonly ctx: DurableObjectState;
  readonly env: Env;
  readonly sql: SqlStorage;
  readonly meta: Meta;
  readonly due: DueTable;
  readonly audit: AuditChain;
  readonly sealer: Sealer;
  readonly changes: Changes;
  readonly jobs: Jobs;
  readonly logs: Logs;
  readonly wakers = new Wakers();
  readonly links: Links;
  readonly lifecycle: Lifecycle;
  readonly delivery: Delivery;
  readonly welcome: Welcome;
  readonly spool: Spool;
  readonly intake: Intake;
  readonly calls: Calls;
  readonly usage: Usage;
  readonly machines: Machines;
  readonly messages: Messages;
  readonly submit: Submit;
  readonly queries: Queries;
  readonly events: Events;
  readonly outputs: Outputs;
  readonly retention: Retention;
  readonly tickets: Tickets;
  readonly outbox: Outbox;
  #makeId: (() => string) | null = null;

  /** `onRemoved`: the Fleet answered that it knows this host no more. */
  constructor(ctx: DurableObjectState, env: Env, onRemoved: () => void) {
    this.ctx = ctx;
    this.env = env;
    this.sql = ctx.storage.sql;
    this.meta = new Meta(this.sql);
    this.due = new DueTable(ctx.storage);
    this.audit = new AuditChain(this.sql);
    this.sealer = new Sealer(env.SEAL_KEY);
    this.changes = new Changes(() => this.meta.get("report")?.taken ?? 0);
    this.jobs = new Jobs(this.sql, this.meta, this.changes);
    this.logs = new Logs(this.sql);
    this.links = new Links(this);
    this.lifecycle = new Lifecycle(this);
    this.delivery = new Delivery(this, this.links, this.lifecycle);
    this.machines = new Machines(this, this.links);
    this.welcome = new Welcome(this, this.links, this.machines, this.lifecycle, this.delivery);
    this.spool = new Spool(this.links);
    this.intake = new Intake(
      this,
      this.lifecycle,
      (frame) => this.spool.frame(frame),
      () => this.welcome.claimed(),
    );
    this.calls = new Calls(this.links);
    this.usage = new Usage(this);
    this.messages = new Messages(this, this.links, this.lifecycle, this.delivery, this.calls, {
      usage: this.usage,
      machines: this.machines,
    });
    this.queries = new Queries(this);
    this.events = new Events(this);
    this.outputs = new Outputs(this, this.links, this.spool);
    this.retention = new Retention(this);
    this.tickets = new Tickets(this);
    this.submit = new Submit(
      this,
      this.lifecycle,
      this.delivery,
      () => this.#newId(),
      () => this.retention.watch(),
    );
    this.outbox = new Outbox(this, this.links, { usage: this.usage, machines: this.machines }, () => this.welcome.claims, onRemoved);
    this.links.onDead((heardAtMs) => {
      this.linkLost(heardAtMs);
      void this.due.arm();
    });
    this.lifecycle.onEnd((bytes) => this.retention.ended(bytes));
  }

  /** What waited for the link's answers is told, and the Fleet in a while. `atMs`: when it was last there. */
  linkLost(atMs: number | null = Date.now()): void {
    const link = this.meta.get("link");
    if (link && atMs !== null) this.meta.set("link", { ...link, seenAtMs: atMs });
    this.machines.lost(atMs);
    this.calls.lost();
    this.spool.lost();
    this.outbox.linkLost();
  }

  #newId(): string {
    this.#makeId ??= idFactory(this.meta.get("identity")?.number ?? 0);
    return this.#makeId();
  }
}
