import type { Evaluation } from "../../access/authzen/decision_point.ts";
import type { AnsweredQuestion } from "../../access/authzen/evaluations.ts";
import type { Found } from "../../access/authzen/search.ts";
import type { SearchRequest } from "../../protocol/authzen/search_request.ts";
import { faultText } from "./read_request.ts";

/** How much answers say of why: nothing, or a word of a few that are the same for all rules. */
export type Reasons = "none" | "codes";

/** One decision (AuthZEN 1.0 §5.5). Neither rules nor attributes are in it: whoever asks learns what it may do, and not why. */
export function decisionBody({ decision, because, stepUp }: Evaluation, reasons: Reasons): object {
  if (decision || reasons === "none") return { decision };
  const context = {
    reason: because,
    ...(stepUp !== null && stepUp.acrValues.length > 0 && { acr_values: stepUp.acrValues.join(" ") }),
    ...(stepUp !== null && stepUp.maxAgeSeconds !== null && { max_age: stepUp.maxAgeSeconds }),
  };
  return { decision, context };
}

/** Several decisions in the order of their questions (§7.2). */
export function evaluationsBody(answered: readonly AnsweredQuestion[], reasons: Reasons): object {
  return {
    evaluations: answered.map((answer) =>
      "fault" in answer
        ? { decision: false, context: { error: { status: 400, message: faultText(answer.fault) } } }
        : decisionBody(answer.evaluation, reasons),
    ),
  };
}

/** What a search found (§8.3): the page first, for whoever reads as it comes. */
export function searchBody(asked: SearchRequest, { names, isWhole }: Found, nextToken: string): object {
  const results =
    asked.kind === "action" ? names.map((name) => ({ name })) : names.map((id) => ({ type: asked.type, id }));
  const page = { next_token: nextToken, count: names.length };
  return isWhole ? { page, results } : { page, context: { complete: false }, results };
}
