import { getPath } from "hono/utils/url";
import { allowAnyOrigin, isPreflight, preflightAnswer } from "../http/cors.ts";
import { finishAnswer, openScope, type RequestScope } from "../http/request_scope.ts";
import { takeWhole } from "../http/whole_request.ts";
import type { Issuer } from "../issuing/issuer.ts";
import type { ClientCall } from "./client_call.ts";
import { deviceAuthorizationRoute } from "./device_authorization_route.ts";
import { readFormRequest } from "./form_request.ts";
import { introspectRoute } from "./introspect_route.ts";
import { revokeRoute } from "./revoke_route.ts";
import { tokenRoute } from "./token_route.ts";
import { BODY_BOUNDS, lastResort, tooSlow } from "./unanswered.ts";

/** An endpoint that clients call with a form and without a browser's cookies. */
interface ClientEndpoint {
  readonly answer: (call: ClientCall, issuer: Issuer) => Promise<Response>;
  /** Whether scripts of any site may call it: what a client in a browser needs. */
  readonly isForScripts: boolean;
}

const ENDPOINTS: ReadonlyMap<string, ClientEndpoint> = new Map([
  ["/oauth2/token", { answer: tokenRoute, isForScripts: true }],
  ["/oauth2/revoke", { answer: revokeRoute, isForScripts: true }],
  ["/oauth2/introspect", { answer: introspectRoute, isForScripts: false }],
  ["/oauth2/device_authorization", { answer: deviceAuthorizationRoute, isForScripts: true }],
]);

/**
 * Answers a request to an endpoint for clients; null for any other. No router stands before these: they are called by machines, over and over,
 * and what a router does for each request costs as much as all that they have to check.
 */
export function answerClient(request: Request, issuer: Issuer, ctx: ExecutionContext): Promise<Response> | null {
  const path = getPath(request);
  const endpoint = ENDPOINTS.get(path);
  return endpoint === undefined ? null : answered(request, path, endpoint, issuer, ctx);
}

async function answered(
  request: Request,
  path: string,
  endpoint: ClientEndpoint,
  issuer: Issuer,
  ctx: ExecutionContext,
): Promise<Response> {
  const scope = openScope(request);
  const response =
    endpoint.isForScripts && isPreflight(request)
      ? preflightAnswer("POST")
      : await asked(request, path, endpoint, issuer, scope, ctx);
  finishAnswer(response.headers, scope.requestId, request.url);
  return response;
}

async function asked(
  request: Request,
  path: string,
  { answer, isForScripts }: ClientEndpoint,
  issuer: Issuer,
  scope: RequestScope,
  ctx: ExecutionContext,
): Promise<Response> {
  const response = await whole(request, scope, ctx)
    .then((call) => (call === null ? tooSlow(path, scope) : answer(call, issuer)))
    .catch((error) => lastResort(error, path, scope.requestId));
  if (isForScripts) allowAnyOrigin(response.headers);
  return response;
}

/** The call, once it is there whole, which is its time (see `wholeRequest`); null where it was not in time. */
async function whole(request: Request, scope: RequestScope, ctx: ExecutionContext): Promise<ClientCall | null> {
  const nowMs = await takeWhole(request, BODY_BOUNDS, scope.nowMs);
  if (nowMs === null) return null;
  const form = await readFormRequest(request);
  const caller = { authorization: request.headers.get("authorization"), address: scope.addressUnit };
  return { form, caller, moment: { nowMs, defer: (work) => ctx.waitUntil(work) }, scope };
}
