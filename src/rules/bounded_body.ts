import { LIMITS } from "./limits.ts";
import { RuleInputError } from "./rule_input.ts";

/** Throws `RuleInputError` where `body` is larger than rules look at: what a rule does with it is bounded by that. */
export function boundedBody(body: unknown): void {
  if (body === undefined) throw new RuleInputError("the request has no body that rules can read");
  let values = 0;
  const measure = (value: unknown, depth: number): void => {
    values += 1;
    if (values > LIMITS.bodyValues) throw beyond();
    if (typeof value === "string") {
      if (value.length > LIMITS.bodyText) throw beyond();
      return;
    }
    if (typeof value !== "object" || value === null) return;
    if (depth === LIMITS.bodyDepth) throw beyond();
    const items = Array.isArray(value) ? value : Object.values(value);
    if (items.length > LIMITS.bodyList) throw beyond();
    for (const item of items) measure(item, depth + 1);
  };
  measure(body, 0);
}

function beyond(): RuleInputError {
  return new RuleInputError("the request's body is larger than rules look at");
}
