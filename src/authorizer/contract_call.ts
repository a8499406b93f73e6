import type { GateRoute } from "../access/gate.ts";
import type { Passage } from "../access/pass_gate.ts";
import { decidesByBody } from "../access/route_action.ts";
import { logEvent } from "../http/log.ts";
import type { InputFault } from "../openapi/check_parameters.ts";
import type { Contract } from "../openapi/contract.ts";
import { MAX_FAULTS, type ValueFault } from "../openapi/judge.ts";
import { capPageSize } from "../openapi/page_size.ts";
import { checkedRequest, type PassRequest, type RefusedRequest } from "./checked_request.ts";
import { checkedResponse } from "./checked_response.ts";
import type { Exchange } from "./exchange.ts";
import { type Forwarded, withoutResponse } from "./forward.ts";
import type { HeldBodies } from "./held_bodies.ts";
import { jsonRequest } from "./json_request.ts";

/** Of a part alone nothing can be said, and of a coding that the platform leaves on neither. */
const NOT_PASSED_ON: ReadonlySet<string> = new Set(["range", "if-range", "accept-encoding"]);
/** An origin answers these by the whole, and so would tell of what is hidden: a guess at it could be tried until it holds. */
const CONDITIONS: ReadonlySet<string> = new Set([
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
]);

/** Whether `route` looks into what is sent and answered: no other is held up for it. */
export function looksInto({ contracts, pageSize, action }: GateRoute): boolean {
  return contracts !== null || pageSize !== null || decidesByBody(action);
}

/**
 * A call on a route that looks into what is sent and answered: the page's size first, then the request, the origin (`pass`), and the
 * response. Owns the order and the log; a request that does not fit never reaches the origin. `pass` may refuse the call for reasons of its own.
 */
export async function throughContract<Refused extends { readonly ok: false } = never>(
  request: Request,
  exchange: Exchange,
  { route, credential }: Passage,
  bodies: HeldBodies,
  pass: PassRequest<Forwarded | Refused>,
): Promise<Forwarded | Refused> {
  const refuse = (refused: RefusedRequest) => refusedCall(refused, exchange);
  if (route.pageSize !== null) {
    const capped = capPageSize(exchange.search, route.pageSize);
    if (!capped.ok) return refuse({ fault: "request_invalid", errors: [capped.error] });
    exchange.search = capped.value;
  }
  const { method } = exchange.canonical;
  const contract = contractFor(route.contracts, method);
  if (contract === null) {
    if (!decidesByBody(route.action)) return pass(request, null);
    return jsonRequest(request, exchange, bodies, route.maxBodyBytes, { pass, refuse });
  }
  const viewer = { scopes: credential?.principal.scopes ?? [] };
  const withinMs = route.origin.timeoutMs;
  const passChecked: typeof pass = async (checked, bytes) => {
    exchange.headers = headersFor(contract, method, exchange.headers);
    const forwarded = await pass(checked, bytes);
    if (!forwarded.ok) return forwarded;
    const tell = (faults: readonly ValueFault[]) => logMisfit("response_misfit", faults, exchange);
    return checkedResponse(forwarded.value, { contract, method, viewer, bodies, withinMs, tell });
  };
  return checkedRequest(request, contract, exchange, bodies, route.maxBodyBytes, { pass: passChecked, refuse });
}

/** A change under a condition stays under it: unasked, it would undo what somebody else wrote. */
function headersFor({ operation }: Contract, method: string, headers: Exchange["headers"]): Exchange["headers"] {
  const isRead = method === "GET" || method === "HEAD";
  const hidesFromReaders = isRead && operation.responses.some(({ hides }) => hides);
  const passing = headers.filter(([name]) => !NOT_PASSED_ON.has(name) && !(hidesFromReaders && CONDITIONS.has(name)));
  return [...passing, ["accept-encoding", "gzip"]];
}

/** HEAD is held to what GET is. */
export function contractFor(contracts: ReadonlyMap<string, Contract> | null, method: string): Contract | null {
  return contracts?.get(method === "HEAD" ? "GET" : method) ?? null;
}

/** The answer to a request that does not fit, once the log has where. */
export function refusedCall(refused: RefusedRequest, exchange: Exchange): Forwarded {
  if (refused.fault === "request_invalid") return misfit(refused.errors, exchange);
  return withoutResponse(refused.fault, refused.fault === "gate_busy" ? 1 : null);
}

/** What is said of a request with `faults`, once the log has where. */
export function misfit(faults: readonly InputFault[], exchange: Exchange): Forwarded {
  logMisfit("request_misfit", faults, exchange);
  const errors = faults.map(({ in: place, pointer, detail }) => ({ in: place, pointer, detail }));
  return withoutResponse("request_invalid", null, errors);
}

/** Places and keywords alone: what stands there may be anybody's secret. */
function logMisfit(
  event: "request_misfit" | "response_misfit",
  faults: readonly (ValueFault & { readonly in?: string })[],
  { requestId, trace }: Exchange,
): void {
  const told = faults.slice(0, MAX_FAULTS).map(({ in: place = "body", loggedPointer, keyword }) => {
    return [place, loggedPointer, keyword].filter((word) => word !== "").join(" ");
  });
  logEvent(event, { request_id: requestId, route: trace.route, faults: told });
}
