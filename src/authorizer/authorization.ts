import type { AskedRequest, AskingShape, AuthorizationDecision } from "../ports/authorization.ts";
import { type DecisionParts, decide } from "./decision.ts";

/**
 * Answers another Worker's question about a call that it received. Whoever has the binding is believed: it chooses the address and
 * every other header of the call.
 */
export function authorizeCall(
  asked: AskedRequest,
  shape: AskingShape,
  ctx: ExecutionContext,
  parts: DecisionParts,
): Promise<AuthorizationDecision> {
  const { method, url, headers, cf } = asked;
  const [, scheme = "", host = "", target = ""] = /^(https?:)\/\/([^/?#]*)(.*)$/s.exec(url) ?? [];
  // Names in lower case, and one that comes twice joined, as the platform has them.
  const joined = new Headers([...headers].map(([name, value]) => [name, value]));
  return decide({ method, scheme, host, target }, { headers: joined, cf }, shape, ctx, parts);
}
