import type { JudgedLimits } from "../access/admit.ts";
import type { Gate } from "../access/gate.ts";
import type { Passage } from "../access/pass_gate.ts";
import { boundedBody } from "./bounded_body.ts";
import type { Exchange } from "./exchange.ts";
import type { Forwarded } from "./forward.ts";
import { openedWebSocket } from "./opened_websocket.ts";
import { passResponse } from "./response.ts";

/**
 * As `passResponse`, for routes whose connections stay open and end by the gate's word: with the credential that opened them, or by a bound. Each end
 * is one line of the log.
 */
export function lastingResponse(
  forwarded: Forwarded,
  passage: Passage,
  limits: JudgedLimits | null,
  exchange: Exchange,
  gate: Gate,
): Response {
  const { route } = passage;
  if (route.webSocket !== null) return openedWebSocket(forwarded, route.webSocket, passage, limits, exchange, gate);
  const response = passResponse(forwarded, route, limits, exchange);
  const isPassed = forwarded.ok && response.ok && response.body !== null;
  return route.stream !== null && isPassed ? boundedBody(response, route.stream, passage, exchange, gate) : response;
}
