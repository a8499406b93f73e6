import { fieldRights } from "../access/field_rights.ts";
import type { Passage } from "../access/pass_gate.ts";
import { mayGoOn } from "../access/prove_again.ts";
import type { Refusal } from "../access/refusal.ts";
import type { Result } from "../kernel/result.ts";
import type { ContractFields } from "../openapi/contract.ts";
import type { CanonicalRequest } from "../policy/canonical_request.ts";
import type { KnownRights } from "./checked_request.ts";
import { looksInto, throughContract } from "./contract_call.ts";
import { decideByBody } from "./decide_by_body.ts";
import { type Exchange, openExchange } from "./exchange.ts";
import { type Forwarded, forward } from "./forward.ts";
import { forwardGuarded } from "./guarded_forward.ts";
import type { HeldBodies } from "./held_bodies.ts";
import { bringBack, finish, identityFor, type JudgementParts, judge, refuse, refuseUnexpected } from "./judgement.ts";
import { lastingResponse } from "./lasting_response.ts";
import { upgraded } from "./opened_websocket.ts";
import type { OriginGuard } from "./origin_guard.ts";
import { passResponse, setClearance } from "./response.ts";
import { settleLimits } from "./settle_limits.ts";

/** What the gateway is built from. */
export interface GatewayParts extends JudgementParts {
  /** What stands before origins that ask for it, by the origin's name. */
  readonly guards: ReadonlyMap<string, OriginGuard>;
  /** Bodies that are held to be looked into. */
  readonly bodies: HeldBodies;
}

/**
 * The inline gateway: decision, origin, response, one log line. Owns everything between a canonical request and the answer;
 * refuses to hold state, and to let an unexpected fault pass a call.
 */
export async function handleGatewayRequest(
  request: Request,
  canonical: CanonicalRequest,
  ctx: ExecutionContext,
  parts: GatewayParts,
): Promise<Response> {
  const exchange = openExchange(request, canonical, ctx, "gateway", parts.audit);
  try {
    const passed = await judge(exchange, parts);
    if (!passed.ok) return refuse(passed.error, exchange, parts);
    const { admitted, route } = passed.value;
    const forwarded = looksInto(route)
      ? await throughContract(request, exchange, passed.value, parts.bodies, {
          pass: (checked, bytes) => passOnLater(checked, bytes, exchange, passed.value, parts),
          rights: (fields, body) => rightsLater(fields, body, exchange, passed.value, parts),
        })
      : await passOn(request, exchange, passed.value, exchange.call.nowMs, parts);
    if (isRefused(forwarded)) return refuse(forwarded.error, exchange, parts);
    if (!forwarded.ok && forwarded.error.fault === "gate_busy") bringBack(exchange);
    const limits = admitted && (await settleLimits(forwarded, admitted, route, exchange, parts.gate));
    const isLasting = route.webSocket !== null || route.stream !== null;
    const response = isLasting
      ? lastingResponse(forwarded, passed.value, limits, exchange, parts.gate)
      : passResponse(forwarded, route, limits, exchange);
    if (passed.value.clearance !== null) setClearance(response.headers, passed.value.clearance);
    return finish(exchange, response, "allowed", forwarded.ok ? null : forwarded.error.fault, parts);
  } catch (error) {
    exchange.closed?.resolve();
    return refuseUnexpected(error, exchange, parts);
  }
}

/** A call that was let in, and goes nowhere after all. */
type Refused = Extract<Result<never, Refusal>, { ok: false }>;

/** A call whose body was waited for: by now its credential may have ended, and an identity of then would be old. */
async function passOnLater(
  request: Request,
  bytes: Uint8Array | null,
  exchange: Exchange,
  passage: Passage,
  parts: GatewayParts,
): Promise<Forwarded | Refused> {
  const nowMs = Date.now();
  const proven = await mayGoOn(passage, exchange.call, nowMs, parts.gate);
  if (!proven.ok) return proven;
  const undecided = await decideByBody(bytes, proven.value, passage, exchange, nowMs, parts.gate);
  return undecided ?? passOn(request, exchange, passage, nowMs, parts);
}

/** What decides on the fields of a call, of a body that was waited for too: by now its sender may have other rights. */
async function rightsLater(
  fields: ContractFields,
  body: unknown,
  { call }: Exchange,
  passage: Passage,
  { gate }: GatewayParts,
): Promise<KnownRights | Refused> {
  const nowMs = Date.now();
  const proven = await mayGoOn(passage, call, nowMs, gate);
  return proven.ok ? fieldRights(fields, passage.route, proven.value, { ...call, nowMs }, body, gate) : proven;
}

function isRefused(forwarded: Forwarded | Refused): forwarded is Refused {
  return !forwarded.ok && "kind" in forwarded.error;
}

async function passOn(
  request: Request,
  exchange: Exchange,
  passage: Passage,
  nowMs: number,
  parts: GatewayParts,
): Promise<Forwarded> {
  if (passage.route.webSocket === null) return send(request, exchange, passage, nowMs, parts);
  exchange.closed = Promise.withResolvers();
  return upgraded(await send(request, exchange, passage, nowMs, parts), exchange);
}

async function send(
  request: Request,
  exchange: Exchange,
  passage: Passage,
  nowMs: number,
  parts: GatewayParts,
): Promise<Forwarded> {
  const identity = await identityFor(passage, exchange, nowMs, parts);
  exchange.trace.spent = null;
  const { guard: guarded } = passage.route.origin;
  const guard = guarded === null ? undefined : parts.guards.get(guarded);
  if (guard !== undefined) return forwardGuarded(request, passage.route, guard, exchange, identity);
  return forward(request, passage.route, exchange, identity);
}
