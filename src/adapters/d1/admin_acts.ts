import { faultText } from "../../kernel/fault_text.ts";
import { orOutage } from "../../kernel/outage.ts";
import type { ActTrail, AuditTrail } from "../../ports/audit.ts";
import type { AdminAct, AdminChangeEvent } from "../../protocol/audit_event.ts";
import { D1ApiKeys } from "./api_keys.ts";
import { auditInsert } from "./audit.ts";
import { D1Clients } from "./clients.ts";
import { D1Relations } from "./relations.ts";
import { D1Roles } from "./roles.ts";
import { D1Users } from "./users.ts";

/** How long an act waits for its record in D1, in milliseconds; then the record goes the queue's way. */
const DEADLINE_MS = 2_000;

/** What operators do, on its way into the trail: D1 first, for they work on it anyway; while it is out, the queue. */
export class D1AdminActs implements ActTrail {
  readonly issuer: string;
  readonly #db: D1Database;
  readonly #queue: AuditTrail | null;
  readonly #lost: (event: AdminChangeEvent, why: string) => void;

  /** `queue` is null where there is none; `lost` hears of what neither took. */
  constructor(
    issuer: string,
    db: D1Database,
    queue: AuditTrail | null,
    lost: (event: AdminChangeEvent, why: string) => void,
  ) {
    this.issuer = issuer;
    this.#db = db;
    this.#queue = queue;
    this.#lost = lost;
  }

  registries(act: AdminAct) {
    return {
      clients: new D1Clients(this.#db, act),
      keys: new D1ApiKeys(this.#db, act),
      users: new D1Users(this.#db, null, act),
      relations: new D1Relations(this.#db, act),
      roles: new D1Roles(this.#db, act),
    };
  }

  /** A change that its own transaction has told of is not told a second time. */
  async record(event: AdminChangeEvent): Promise<void> {
    const told = "SELECT 1 FROM audit_events WHERE request_id = ? AND outcome = 'changed'";
    const onlyIf = event.outcome === "changed" ? { sql: `NOT EXISTS (${told})`, values: [event.requestId] } : undefined;
    try {
      await orOutage("d1", DEADLINE_MS, async () => auditInsert(this.#db, [event], onlyIf).run());
    } catch (error) {
      if (await this.#queue?.insist(event)) return;
      this.#lost(event, faultText(error));
    }
  }
}
