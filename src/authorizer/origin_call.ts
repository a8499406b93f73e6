import type { GateRoute } from "../access/gate.ts";
import { ok } from "../kernel/result.ts";
import type { CallOutcome } from "../limits/breaker.ts";
import { limitBody, statedLength } from "./body_limit.ts";
import type { Exchange } from "./exchange.ts";
import { type Forwarded, originHeaders, originUrl, withoutResponse } from "./forward.ts";
import type { BreakerRules } from "./origin_guard.ts";
import { watchUpload } from "./watched_upload.ts";

/** One call to an origin with a guard, ready to be made, and made again where it has no body. */
export interface OriginCall {
  readonly method: string;
  /** A body is gone after the first time. */
  readonly hasBody: boolean;
  /** Whether it may be made again where no answer came, or a bad one: without a body, and to become no WebSocket. */
  readonly isRepeatable: boolean;
  /** Makes the call, with `token` for the origin where there is one. Never throws. */
  readonly send: (token: string | null) => Promise<Forwarded>;
  /** What `forwarded` says of the origin. */
  readonly judge: (forwarded: Forwarded, rules: BreakerRules) => CallOutcome;
}

/**
 * Reads `request` into a call. `late` aborts it, and its connection with it. `isJudged` where somebody will ask what an
 * answer that does not come says of the origin: then the request's body has to be watched.
 */
export function originCall(
  request: Request,
  route: GateRoute,
  exchange: Exchange,
  identity: string | null,
  late: AbortSignal,
  isJudged: boolean,
): OriginCall {
  const { method } = exchange.canonical;
  const body = limitBody(request, route.maxBodyBytes);
  const upload = isJudged
    ? watchUpload(body.stream, statedLength(request.headers))
    : { stream: body.stream, isComplete: () => true };
  const headers = originHeaders(route, exchange, identity);
  const signal = body.signal === null ? late : AbortSignal.any([late, body.signal]);
  const url = originUrl(route, exchange);
  return {
    method,
    hasBody: body.stream !== null,
    isRepeatable: body.stream === null && route.webSocket === null,
    async send(token) {
      if (token !== null) headers.authorization = `Bearer ${token}`;
      exchange.attempts += 1;
      try {
        const init = { method, headers, body: upload.stream, redirect: "manual", cache: "no-store", signal } as const;
        return ok(await fetch(url, init));
      } catch {
        if (body.exceeded()) return withoutResponse("request_body_too_large");
        return withoutResponse(late.aborted ? "origin_timeout" : "origin_unreachable");
      }
    },
    judge(forwarded, rules) {
      if (forwarded.ok) return rules.failureStatuses.has(forwarded.value.status) ? "failure" : "success";
      // What a caller broke off, or is still sending, says nothing of the origin.
      return upload.isComplete() && !body.exceeded() ? "failure" : "unknown";
    },
  };
}
