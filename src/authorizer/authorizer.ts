import { logFault } from "../http/log.ts";
import { Outage } from "../kernel/outage.ts";
import type { CanonicalRequest } from "../policy/canonical_request.ts";
import { type GatewayParts, handleGatewayRequest } from "./gateway.ts";
import { unexpectedResponse } from "./refusal_response.ts";
import { type WellKnownParts, wellKnownResponse } from "./well_known.ts";

/** What the authorizer is built from. */
export interface AuthorizerParts {
  readonly gateway: GatewayParts;
  readonly wellKnown: WellKnownParts;
}

/** Answers a canonical request on a gateway host: the gateway's own paths (`isReserved`), or a route. */
export async function handleAuthorizerRequest(
  request: Request,
  canonical: CanonicalRequest,
  isReserved: boolean,
  ctx: ExecutionContext,
  { gateway, wellKnown }: AuthorizerParts,
): Promise<Response> {
  if (!isReserved) return handleGatewayRequest(request, canonical, ctx, gateway);
  try {
    return await wellKnownResponse(canonical, wellKnown);
  } catch (error) {
    logFault("well_known_failed", { path: canonical.path, error: error instanceof Error ? error.message : "" });
    return unexpectedResponse(error instanceof Outage, crypto.randomUUID());
  }
}
