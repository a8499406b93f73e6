import type { LimitTrace } from "../access/admit.ts";
import { type LogFields, logEvent } from "../http/log.ts";
import type { RuleFailure } from "../policy/decide_action.ts";
import { abuseFields } from "./abuse_log.ts";
import type { Exchange } from "./exchange.ts";

/** The one line per decision: who, what, which rules, how it ended. No credential, no query, no body. */
export function logDecision(
  { requestId, shape, canonical, address, call, trace, attempts }: Exchange,
  outcome: "allowed" | "denied",
  status: number,
  reason: string | null,
): void {
  const { holder, limits, abuse, failures } = trace;
  const fields = {
    request_id: requestId,
    shape,
    outcome,
    status,
    reason,
    method: canonical.method,
    path: canonical.path,
    route: trace.route,
    principal: holder?.principal.kind ?? null,
    principal_id: holder?.principal.id ?? null,
    credential: holder?.isSession === true ? "session" : undefined,
    credential_id: holder?.credentialId ?? null,
    rules: trace.rules,
    attempts: attempts > 1 ? attempts : undefined,
    address,
    duration_ms: Date.now() - call.nowMs,
  };
  // A copy of the fields costs as much as the line: calls that have no more to say are spared it.
  const saysMore = limits !== null || abuse !== null || failures !== null;
  logEvent(
    "decision",
    saysMore ? { ...fields, ...limitFields(limits), ...abuseFields(abuse), rule_failures: told(failures) } : fields,
  );
}

/** Why rules failed, in words of ours: no value of the call is among them. */
function told(failures: readonly RuleFailure[] | null): readonly string[] | undefined {
  return failures?.map(({ rule, message }) => `${rule}: ${message}`);
}

/** What the limits did, where there is something to say. */
function limitFields(limits: LimitTrace | null): LogFields {
  if (limits === null) return {};
  const { denied, skipped, local, wouldDeny } = limits;
  const named = (names: readonly string[]) => (names.length === 0 ? undefined : names);
  return {
    limits_denied: named(denied),
    limits_skipped: named(skipped),
    limits_local: named(local),
    would_deny: named(wouldDeny),
  };
}
