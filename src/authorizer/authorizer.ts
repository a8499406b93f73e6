import { logEvent, logFault } from "../http/log.ts";
import { problemResponse } from "../http/problem.ts";
import { faultFields } from "../kernel/fault_text.ts";
import { Outage } from "../kernel/outage.ts";
import type { CanonicalRequest } from "../policy/canonical_request.ts";
import { isLoopbackAuthority } from "../policy/connection.ts";
import type { SecurityHeaders } from "../policy/security_headers.ts";
import { type AuthzenParts, answerAuthzen, isAuthzenPath } from "./authzen/authzen.ts";
import type { DecisionParts } from "./decision.ts";
import { answerProxy, type ForwardAuthParts, isForwardAuthPath } from "./forward_auth.ts";
import { type GatewayParts, handleGatewayRequest } from "./gateway.ts";
import { HTTPS_REQUIRED, unexpectedResponse } from "./refusal_response.ts";
import { finishResponse } from "./response.ts";
import { type WellKnownParts, wellKnownResponse } from "./well_known.ts";

/** What the authorizer is built from. */
export interface AuthorizerParts {
  readonly gateway: GatewayParts;
  /** For those who ask, and carry calls out themselves. */
  readonly decisions: DecisionParts;
  /** Null where no proxy may ask. */
  readonly forwardAuth: ForwardAuthParts | null;
  /** The API by which others ask what somebody may do; null where there is none. */
  readonly authzen: AuthzenParts | null;
  readonly wellKnown: WellKnownParts;
  /** Whether this machine may be asked without TLS: development. */
  readonly loopbackInTheClear: boolean;
}

/** Answers a canonical request on a gateway host: the gateway's own paths (`isReserved`), or a route. */
export async function handleAuthorizerRequest(
  request: Request,
  canonical: CanonicalRequest,
  isReserved: boolean,
  ctx: ExecutionContext,
  { gateway, forwardAuth, authzen, wellKnown, loopbackInTheClear }: AuthorizerParts,
): Promise<Response> {
  if (!isReserved) return handleGatewayRequest(request, canonical, ctx, gateway);
  if (authzen !== null && isAuthzenPath(canonical.segments)) return answerAuthzen(request, canonical, ctx, authzen);
  const requestId = crypto.randomUUID();
  try {
    // Keys that were changed on their way would be believed, and what a proxy asks holds its secret and its caller's.
    const isSafe = canonical.scheme === "https:" || (loopbackInTheClear && isLoopbackAuthority(canonical.host));
    if (!isSafe) return inTheClear(canonical, requestId, wellKnown.security);
    if (forwardAuth !== null && isForwardAuthPath(canonical.segments)) {
      return await answerProxy(request, canonical, ctx, forwardAuth);
    }
    return await wellKnownResponse(canonical, wellKnown, requestId);
  } catch (error) {
    logFault("well_known_failed", { request_id: requestId, path: canonical.path, ...faultFields(error) });
    const response = unexpectedResponse(error instanceof Outage, requestId);
    finishResponse(response.headers, requestId, canonical.scheme, wellKnown.security);
    return response;
  }
}

function inTheClear({ scheme }: CanonicalRequest, requestId: string, security: SecurityHeaders): Response {
  const response = problemResponse(HTTPS_REQUIRED, requestId);
  finishResponse(response.headers, requestId, scheme, security);
  logEvent("request_refused", { request_id: requestId, reason: "in_the_clear", status: response.status });
  return response;
}
