import type { DecisionAudit, RouteAudit } from "../access/decision_audit.ts";
import { parseAuditEvent } from "../adapters/audit_event_schema.ts";
import { AuditQueue } from "../adapters/audit_queue.ts";
import { D1AdminActs } from "../adapters/d1/admin_acts.ts";
import { D1Audit } from "../adapters/d1/audit.ts";
import { type Bindings, type Environment, need, readBindings } from "../bindings.ts";
import { everyRoute } from "../config/authzen_routes.ts";
import type { CompiledConfig } from "../config/compile.ts";
import type { CompiledRoute } from "../config/faults/route.ts";
import { logFault } from "../http/log.ts";
import { faultText } from "../kernel/fault_text.ts";
import type { Kept } from "../kernel/kept.ts";
import { type AuditIntake, takeInAudit } from "../managing/take_in_audit.ts";
import type { ActTrail, AuditTrail } from "../ports/audit.ts";
import type { AuditEvent } from "../protocol/audit_event.ts";

/*
 * The wiring of the audit trail: from the gate and the admin API through the queue AUDIT into D1.
 */

/** The queue that takes what the first one could not hand over for days ends so, whatever it is called before. */
const LAST_QUEUE = /-dead$/;

/** What a route asks to have recorded. */
export function routeAudit(audit: CompiledRoute["audit"]): RouteAudit | null {
  if (typeof audit === "object") return { allowed: audit.sample, denied: audit.sample, insists: false };
  switch (audit) {
    case "none":
      return null;
    case "denied":
      return { allowed: 0, denied: 1, insists: false };
    case "all":
      return { allowed: 1, denied: 1, insists: false };
    case "required":
      return { allowed: 1, denied: 1, insists: true };
  }
}

/** How decisions are recorded; null where nothing asks for it. Throws `DeploymentFault` where something does and there is no queue. */
export function composeDecisionAudit(
  bindings: Bindings,
  config: CompiledConfig,
  configHash: string | null,
  kept: Kept,
): DecisionAudit | null {
  const { keyUses, address } = config.gateway.audit;
  if (keyUses === "none" && everyRoute(config).every(({ audit }) => audit === "none")) return null;
  const share = typeof keyUses === "object" ? keyUses.sample : keyUses === "all" ? 1 : 0;
  return { trail: queuedTrail(need(bindings, "AUDIT"), kept), keyUses: share, address, configHash };
}

/** How operators' acts are recorded. */
export function composeActTrail(bindings: Bindings, { issuer }: CompiledConfig, kept: Kept): ActTrail {
  const queue = bindings.AUDIT === null ? null : queuedTrail(bindings.AUDIT, kept);
  return new D1AdminActs(issuer.url, need(bindings, "DB"), queue, undelivered);
}

/** One for all events of the isolate: how many may be on their way at once holds for them together. */
function queuedTrail(queue: Queue<unknown>, kept: Kept): AuditTrail {
  return kept.keep("audit_queue", null, () => {
    const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
    return new AuditQueue({ queue, lost: undelivered, pause, clock: () => Date.now() });
  });
}

/** The event itself goes to the log: there it is not lost, and can be looked for. */
function undelivered(event: AuditEvent, why: string): void {
  logFault("audit_undelivered", { request_id: event.requestId, why, audit_event: JSON.stringify(event) });
}

/** The consumer of both queues of the trail. Composed anew for each batch: nothing of it is worth keeping. */
export async function consumeAudit(batch: MessageBatch<unknown>, env: Environment): Promise<void> {
  const { queue } = batch;
  const intake: AuditIntake = {
    store: new D1Audit(need(readBindings(env), "DB")),
    parse: parseAuditEvent,
    putBack: (messages, error) => logFault("audit_not_stored", { queue, messages, error: faultText(error) }),
    unreadable: (message_ids) => logFault("audit_message_unreadable", { queue, message_ids }),
    endangered: (event, error) => undelivered(event, faultText(error)),
  };
  await takeInAudit(batch.messages, LAST_QUEUE.test(queue), intake, Date.now());
}
