import { logFault } from "../http/log.ts";
import { Outage } from "../kernel/outage.ts";
import type { CanonicalRequest } from "../policy/canonical_request.ts";
import type { DecisionParts } from "./decision.ts";
import { answerProxy, type ForwardAuthParts, isForwardAuthPath } from "./forward_auth.ts";
import { type GatewayParts, handleGatewayRequest } from "./gateway.ts";
import { unexpectedResponse } from "./refusal_response.ts";
import { finishResponse } from "./response.ts";
import { type WellKnownParts, wellKnownResponse } from "./well_known.ts";

/** What the authorizer is built from. */
export interface AuthorizerParts {
  readonly gateway: GatewayParts;
  /** For those who ask, and carry calls out themselves. */
  readonly decisions: DecisionParts;
  /** Null where no proxy may ask. */
  readonly forwardAuth: ForwardAuthParts | null;
  readonly wellKnown: WellKnownParts;
}

/** Answers a canonical request on a gateway host: the gateway's own paths (`isReserved`), or a route. */
export async function handleAuthorizerRequest(
  request: Request,
  canonical: CanonicalRequest,
  isReserved: boolean,
  ctx: ExecutionContext,
  { gateway, forwardAuth, wellKnown }: AuthorizerParts,
): Promise<Response> {
  if (!isReserved) return handleGatewayRequest(request, canonical, ctx, gateway);
  const requestId = crypto.randomUUID();
  try {
    if (forwardAuth !== null && isForwardAuthPath(canonical.segments)) {
      return await answerProxy(request, canonical, ctx, forwardAuth);
    }
    return await wellKnownResponse(canonical, wellKnown, requestId);
  } catch (error) {
    const message = error instanceof Error ? error.message : "not an Error";
    logFault("well_known_failed", { request_id: requestId, path: canonical.path, error: message });
    const response = unexpectedResponse(error instanceof Outage, requestId);
    finishResponse(response.headers, requestId, canonical.scheme, wellKnown.security);
    return response;
  }
}
