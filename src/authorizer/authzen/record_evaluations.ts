import type { AnsweredQuestion } from "../../access/authzen/evaluations.ts";
import type { Found } from "../../access/authzen/search.ts";
import { callerOf } from "../../access/decision_audit.ts";
import { logEvent } from "../../http/log.ts";
import { auditText, type DecisionEvent, decisionEvent, isSampled } from "../../protocol/audit_event.ts";
import type { Question } from "../../protocol/authzen/question.ts";
import type { SearchRequest } from "../../protocol/authzen/search_request.ts";
import type { Exchange } from "../exchange.ts";

/**
 * Writes down each decision: a line in the log, and an event of the trail where the API's setting asks for that. False where an event had
 * to be safe before the answer, and is not.
 */
export async function recordEvaluations(answered: readonly AnsweredQuestion[], exchange: Exchange): Promise<boolean> {
  const { audit, trace, call } = exchange;
  const events: DecisionEvent[] = [];
  for (const [index, answer] of answered.entries()) {
    if ("fault" in answer) continue;
    logEvaluation(index, answer, exchange);
    const outcome = answer.evaluation.decision ? "allowed" : "denied";
    if (trace.audit !== null && isSampled(exchange.requestId, trace.audit[outcome])) {
      const event = eventOf(index, outcome, answer, exchange);
      if (event !== null) events.push(event);
    }
  }
  if (audit === null || events.length === 0) return true;
  if (trace.audit?.insists === true) {
    return (await Promise.all(events.map((event) => audit.trail.insist(event)))).every((isSafe) => isSafe);
  }
  for (const event of events) audit.trail.note(event, call.defer);
  return true;
}

type Evaluated = Extract<AnsweredQuestion, { readonly question: Question }>;

function logEvaluation(index: number, { question, evaluation }: Evaluated, { requestId, trace }: Exchange): void {
  const { subject, resource, action } = question;
  logEvent("access_evaluated", {
    request_id: requestId,
    index,
    caller: trace.holder?.principal.id ?? null,
    subject: auditText(`${subject.type}:${subject.id}`),
    action: auditText(`${resource.type}:${action.name}`),
    resource: auditText(`${resource.type}:${resource.id}`),
    decision: evaluation.decision,
    reason: evaluation.because,
    rules: evaluation.rules,
  });
}

/** One line for all that a search looked at. */
export function logSearch(asked: SearchRequest, found: Found, { requestId, trace }: Exchange): void {
  const type = asked.kind === "action" ? asked.resource.type : asked.type;
  logEvent("access_searched", {
    request_id: requestId,
    caller: trace.holder?.principal.id ?? null,
    kind: asked.kind,
    type: auditText(type),
    action: asked.kind === "action" ? null : auditText(asked.action.name),
    looked: found.looked,
    found: found.names.length,
    whole: found.isWhole,
  });
}

/** What is decided is somebody else's call: the event tells who asked, and of whom. */
function eventOf(
  index: number,
  outcome: "allowed" | "denied",
  { question, evaluation }: Evaluated,
  { audit, trace, call, requestId }: Exchange,
): DecisionEvent | null {
  if (audit === null || trace.route === null) return null;
  const { subject, resource, action } = question;
  const event = decisionEvent({
    kind: "decision",
    atMs: call.nowMs,
    requestId,
    actor: callerOf(trace.holder, call, audit),
    action: auditText(`${resource.type}:${action.name}`),
    target: `${resource.type}:${resource.id} for ${subject.type}:${subject.id}`,
    route: trace.route,
    outcome,
    status: null,
    reason: evaluation.because,
    rules: evaluation.rules,
    configHash: audit.configHash,
  });
  return { ...event, id: `${requestId}/evaluation/${index}` };
}
