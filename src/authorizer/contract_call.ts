import { NO_FIELD_RIGHTS } from "../access/field_rights.ts";
import type { GateRoute } from "../access/gate.ts";
import type { Passage } from "../access/pass_gate.ts";
import { decidesByBody } from "../access/route_action.ts";
import { logEvent } from "../http/log.ts";
import { ok } from "../kernel/result.ts";
import type { InputFault } from "../openapi/check_parameters.ts";
import type { Contract, ContractFields } from "../openapi/contract.ts";
import { MAX_FAULTS, type ValueFault } from "../openapi/judge.ts";
import { capPageSize } from "../openapi/page_size.ts";
import { keepsFrom } from "../policy/field_grants.ts";
import { checkedRequest, type KnownRights, type PassRequest, type RefusedRequest } from "./checked_request.ts";
import { checkedResponse } from "./checked_response.ts";
import type { Exchange } from "./exchange.ts";
import { type Forwarded, withoutResponse } from "./forward.ts";
import type { HeldBodies } from "./held_bodies.ts";
import { jsonOf, jsonRequest } from "./json_request.ts";

/** Of a part alone nothing can be said, and of a coding that the platform leaves on neither. */
const NOT_PASSED_ON: ReadonlySet<string> = new Set(["range", "if-range", "accept-encoding"]);
/** An origin answers these by the whole, and so would tell of what is hidden: a guess at it could be tried until it holds. */
const CONDITIONS: ReadonlySet<string> = new Set([
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
]);
/** Those that a change may come under (RFC 9110 §13.1). */
const CONDITIONS_OF_CHANGES = ["if-match", "if-none-match", "if-unmodified-since"];

/** Whether `route` looks into what is sent and answered: no other is held up for it. */
export function looksInto({ contracts, pageSize, action }: GateRoute): boolean {
  return contracts !== null || pageSize !== null || decidesByBody(action);
}

/** What a looked-into call asks for on its way. Either may refuse it for reasons of its own. */
export interface ContractSteps<Refused> {
  /** Sends a request that fits to its origin. */
  readonly pass: PassRequest<Forwarded | Refused>;
  /**
   * Finds out what decides on the fields, once for each call that has any which are not for everybody. `body` is as it came, where it names what
   * the call is about; undefined where it cannot be read.
   */
  readonly rights: (fields: ContractFields, body: unknown) => Promise<KnownRights | Refused>;
}

/**
 * A call on a route that looks into what is sent and answered: the page's size first, then the request, the origin, and the response.
 * Owns the order and the log; a request that does not fit never reaches the origin.
 */
export async function throughContract<Refused extends { readonly ok: false } = never>(
  request: Request,
  exchange: Exchange,
  { route }: Passage,
  bodies: HeldBodies,
  steps: ContractSteps<Refused>,
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
    if (!decidesByBody(route.action)) return steps.pass(request, null);
    return jsonRequest(request, exchange, bodies, route.maxBodyBytes, { pass: steps.pass, refuse });
  }
  const { fields } = contract;
  // Asked for when the body is there, and never behind the origin: what was done there could not be taken back for want of an answer.
  let asked: Promise<KnownRights | Refused> | null = null;
  const rights = (bytes: Uint8Array | null) => {
    if (fields === null) return Promise.resolve(ok(NO_FIELD_RIGHTS));
    asked ??= steps.rights(fields, namingBody(bytes, contract));
    return asked;
  };
  const pass: typeof steps.pass = async (checked, bytes) => {
    const known = fields === null ? ok(NO_FIELD_RIGHTS) : await rights(bytes);
    if (!known.ok) return known;
    const isPartial = fields !== null && keepsFrom(fields.conceals, known.value.rights);
    if (isPartial && isConditionalChange(method, exchange)) return withoutResponse("precondition_failed");
    exchange.headers = headersFor(contract, method, exchange.headers);
    const forwarded = await steps.pass(checked, bytes);
    if (!forwarded.ok) return forwarded;
    const tell = (faults: readonly ValueFault[]) => logMisfit("response_misfit", faults, exchange);
    const withinMs = route.origin.timeoutMs;
    return checkedResponse(forwarded.value, {
      contract,
      method,
      rights: known.value,
      isPartial,
      bodies,
      withinMs,
      tell,
    });
  };
  const dropped = (faults: readonly ValueFault[]) => logMisfit("request_fields_dropped", faults, exchange);
  return checkedRequest(request, contract, exchange, bodies, route.maxBodyBytes, { rights, pass, refuse, dropped });
}

/** The body of a call that names its resources there; undefined for what is no JSON, which is refused for that. */
function namingBody(bytes: Uint8Array | null, { fields, maxDepth }: Contract): unknown {
  if (!fields?.resource?.reading.readsBody) return undefined;
  const read = jsonOf(bytes, maxDepth);
  return read.ok ? read.value : undefined;
}

/**
 * Whether a change is to depend on the validator of a whole that its caller does not see: each answer would be one guess at it. Without the
 * condition it is not sent on either, for it would undo what somebody else wrote. That there is any resource, or none, may be asked.
 */
function isConditionalChange(method: string, { call }: Exchange): boolean {
  if (isRead(method)) return false;
  return CONDITIONS_OF_CHANGES.some((name) => (call.header(name) ?? "*").trim() !== "*");
}

function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

/** A change under a condition stays under it: unasked, it would undo what somebody else wrote. */
function headersFor({ operation }: Contract, method: string, headers: Exchange["headers"]): Exchange["headers"] {
  const hidesFromReaders = isRead(method) && operation.responses.some(({ hides }) => hides);
  const passing = headers.filter(([name]) => !NOT_PASSED_ON.has(name) && !(hidesFromReaders && CONDITIONS.has(name)));
  return [...passing, ["accept-encoding", "gzip"]];
}

/** HEAD is held to what GET is. */
export function contractFor(contracts: ReadonlyMap<string, Contract> | null, method: string): Contract | null {
  return contracts?.get(method === "HEAD" ? "GET" : method) ?? null;
}

/** The answer to a request that does not fit, once the log has where. */
export function refusedCall(refused: RefusedRequest, exchange: Exchange): Forwarded {
  if ("errors" in refused) return misfit(refused.errors, exchange, refused.fault);
  return withoutResponse(refused.fault, refused.fault === "gate_busy" ? 1 : null);
}

/** What is said of a request with `faults`, once the log has where. */
export function misfit(
  faults: readonly InputFault[],
  exchange: Exchange,
  fault: "request_invalid" | "field_not_writable" = "request_invalid",
): Forwarded {
  logMisfit("request_misfit", faults, exchange);
  const errors = faults.map(({ in: place, pointer, detail }) => ({ in: place, pointer, detail }));
  return withoutResponse(fault, null, errors);
}

/** Places and keywords alone: what stands there may be anybody's secret. */
function logMisfit(
  event: "request_misfit" | "request_fields_dropped" | "response_misfit",
  faults: readonly (ValueFault & { readonly in?: string })[],
  { requestId, trace }: Exchange,
): void {
  const told = faults.slice(0, MAX_FAULTS).map(({ in: place = "body", loggedPointer, keyword }) => {
    return [place, loggedPointer, keyword].filter((word) => word !== "").join(" ");
  });
  logEvent(event, { request_id: requestId, route: trace.route, faults: told });
}
