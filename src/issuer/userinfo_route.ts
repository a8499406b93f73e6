import { logEvent } from "../http/log.ts";
import type { ScopedContext } from "../http/request_scope.ts";
import type { Issuer } from "../issuing/issuer.ts";
import { type UserInfoFault, userinfoEndpoint } from "../issuing/userinfo_endpoint.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { readAuthorization } from "../protocol/authorization_header.ts";
import { bearerChallenge } from "../protocol/bearer_challenge.ts";
import { type OAuthError, oauthError } from "../protocol/oauth_error.ts";
import { readFormRequest } from "./form_request.ts";
import { oauthErrorResponse, oauthJson } from "./oauth_response.ts";

type Fault = UserInfoFault | { readonly code: "unauthenticated"; readonly reason: "no_credential" } | OAuthError;

/** `GET` and `POST /oauth2/userinfo` (OpenID Connect Core §5.3). */
export async function userinfoRoute(c: ScopedContext, issuer: Issuer): Promise<Response> {
  const { requestId, nowMs, address } = c.var.scope;
  const token = await presentedToken(c.req.raw);
  const moment = { nowMs, defer: (work: Promise<unknown>) => c.executionCtx.waitUntil(work) };
  const told: Result<{ claims: object; clientId: string; userId: string }, Fault> = token.ok
    ? await userinfoEndpoint(token.value, issuer, moment)
    : token;
  if (!told.ok) {
    const { code, reason } = told.error;
    logEvent("userinfo_refused", { request_id: requestId, address, error: code, reason });
    return refusal(told.error);
  }
  const { claims, clientId, userId } = told.value;
  logEvent("userinfo_told", { request_id: requestId, address, client_id: clientId, user_id: userId });
  return oauthJson(claims);
}

/**
 * The one access token of a request: in the header, or in the form of a POST (RFC 6750 §2.2, here and nowhere else). Two of
 * them are refused, alike or not: the parties on the way could each go by another one.
 */
async function presentedToken(request: Request): Promise<Result<string, Fault>> {
  if (request.method !== "GET" && request.method !== "HEAD" && request.method !== "POST") {
    return err(oauthError("invalid_request", "GET or POST", "method_not_allowed", 405));
  }
  const authorization = request.headers.get("authorization");
  const header = authorization === null ? null : readAuthorization(authorization);
  if (header?.kind === "several") return err(twoTokens("two_authorizations"));
  const inBody = await bodyToken(request);
  if (!inBody.ok) return inBody;
  if (header !== null && inBody.value !== null) return err(twoTokens("two_credentials"));
  if (header?.kind === "bearer_malformed") return err({ code: "invalid_token", reason: "token_malformed" });
  const token = header?.kind === "bearer" ? header.token : inBody.value;
  return token === null ? err({ code: "unauthenticated", reason: "no_credential" }) : ok(token);
}

async function bodyToken(request: Request): Promise<Result<string | null, OAuthError>> {
  // A POST that brings its token in the header needs no body, nor a form where it has one.
  if (
    request.method !== "POST" ||
    !/^application\/x-www-form-urlencoded\b/i.test(request.headers.get("content-type") ?? "")
  ) {
    return ok(null);
  }
  const form = await readFormRequest(request);
  return form.ok ? ok(form.value.get("access_token") ?? null) : form;
}

function twoTokens(reason: string): OAuthError {
  return oauthError("invalid_request", "the request carries more than one credential", reason);
}

/** RFC 6750 §3: every refusal of a credential carries a challenge, and one where nothing was sent says no error. */
function refusal(fault: Fault): Response {
  switch (fault.code) {
    case "unauthenticated":
      return refused(401, bearerChallenge({}), "invalid_token", "an access token is needed");
    case "invalid_token":
      return refused(401, bearerChallenge({ error: fault.code }), fault.code, "the access token does not open this");
    case "insufficient_scope":
      return refused(
        403,
        bearerChallenge({ error: fault.code, scope: "openid" }),
        fault.code,
        "openid was not granted",
      );
    case "temporarily_unavailable":
      return oauthErrorResponse(oauthError(fault.code, "please try again in a moment"));
    default:
      return badRequest(fault);
  }
}

function badRequest(fault: OAuthError): Response {
  if (fault.status === 405) return oauthJson(body(fault.code, fault.description), 405, { allow: "GET, HEAD, POST" });
  const challenge = bearerChallenge({ error: "invalid_request", errorDescription: fault.description });
  return refused(fault.status ?? 400, challenge, "invalid_request", fault.description);
}

function refused(status: number, challenge: string, error: string, description: string): Response {
  return oauthJson(body(error, description), status, { "www-authenticate": challenge });
}

function body(error: string, description: string) {
  return { error, error_description: description };
}
