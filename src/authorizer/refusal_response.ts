// Long because every refusal is told here: one switch, and what each of them says.
import type { GateRoute, RightsRoute } from "../access/gate.ts";
import type { Refusal } from "../access/refusal.ts";
import type { CaptchaChallenge } from "../access/route_captcha.ts";
import { type Problem, problemResponse } from "../http/problem.ts";
import { rateLimitFields } from "../limits/rate_limit_fields.ts";
import type { RequestFault } from "../policy/canonical_request.ts";
import { CSRF_HEADER } from "../policy/cross_site.ts";
import { bearerChallenge } from "../protocol/bearer_challenge.ts";

/** What challenges need to know of the installation. */
export interface RefusalContext {
  /** Where clients find out how to get a token (RFC 9728). */
  readonly resourceMetadataUrl: string;
}

const RETRY_AFTER_SECONDS = "1";
const QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded";

/** Said to whoever comes in the clear where that is not taken. */
export const HTTPS_REQUIRED: Problem = {
  status: 403,
  code: "https_required",
  title: "Forbidden",
  detail: "use https; what was sent in the clear may have been read by others",
};
const CERTIFICATE_REQUIRED: Problem = {
  status: 403,
  code: "client_certificate_required",
  title: "Forbidden",
  detail: "a client certificate that is valid here is required",
};
const CROSS_SITE: Problem = {
  status: 403,
  code: "cross_site_call",
  title: "Forbidden",
  detail: `a call by session has to come from a page of this site, and with ${CSRF_HEADER}: 1 where it changes something`,
};

const UPGRADE_REFUSED: Problem = {
  status: 400,
  code: "upgrade_refused",
  title: "Bad Request",
  detail: "no WebSocket is opened for such a call",
};
const ORIGIN_NOT_ALLOWED: Problem = {
  status: 403,
  code: "origin_not_allowed",
  title: "Forbidden",
  detail: "pages of this web origin may not open a WebSocket here",
};

const NOT_FOUND: Problem = { status: 404, code: "not_found", title: "Not Found" };
const NOT_PERMITTED: Problem = { status: 403, code: "forbidden", title: "Forbidden" };
const CONSISTENCY_MALFORMED = {
  status: 400,
  code: "consistency_malformed",
  title: "Bad Request",
  detail: "Sallyport-Consistency is no consistency token",
};
const CONSISTENCY_UNREACHED = {
  ...CONSISTENCY_MALFORMED,
  code: "consistency_unreached",
  detail: "Sallyport-Consistency is of a change that was never made",
};
const RESOURCE_UNREAD: Problem = {
  status: 400,
  code: "resource_unclear",
  title: "Bad Request",
  detail: "it is not told, in one way alone, what the call is about",
};
const TOO_MANY_RESOURCES: Problem = {
  status: 400,
  code: "too_many_resources",
  title: "Bad Request",
  detail: "the call is about more resources than are decided on at once",
};

type Mapped = { readonly problem: Problem; readonly headers?: Headers };

/** The one mapper from refusals of the gate to responses. A refusal says to the caller what its kind says, and no more. */
export function refusalResponse(refusal: Refusal, requestId: string, context: RefusalContext): Response {
  const { problem, headers } = map(refusal, context);
  return problemResponse(problem, requestId, headers);
}

function map(refusal: Refusal, context: RefusalContext): Mapped {
  switch (refusal.kind) {
    case "not_found":
      return { problem: NOT_FOUND };
    case "method_not_allowed":
      return methodNotAllowed(refusal.allow);
    case "gone":
      return { problem: { status: 410, code: "gone", title: "Gone", detail: "this version has ended" } };
    case "https_required":
      return { problem: HTTPS_REQUIRED };
    case "tls_version_too_low":
      return { problem: { status: 403, code: "tls_version_too_low", title: "Forbidden", detail: "use a newer TLS" } };
    case "client_certificate_required":
      return { problem: CERTIFICATE_REQUIRED };
    case "headers_too_large":
      return { problem: { status: 431, code: "headers_too_large", title: "Request Header Fields Too Large" } };
    case "body_too_large":
      return { problem: { status: 413, code: "body_too_large", title: "Content Too Large" } };
    case "upgrade_refused":
      return { problem: UPGRADE_REFUSED };
    case "upgrade_required":
      return upgradeRequired();
    case "origin_not_allowed":
      return { problem: ORIGIN_NOT_ALLOWED };
    case "ambiguous_credentials":
      return ambiguous(context);
    case "barred":
      return { problem: { status: 403, code: "not_allowed", title: "Forbidden" } };
    case "captcha_required":
      return captchaRequired(refusal.challenge);
    case "cross_site":
      return { problem: CROSS_SITE };
    case "unauthenticated":
      return unauthorized(refusal.route, context, "unauthenticated");
    case "invalid_credential":
      return unauthorized(refusal.route, context, "invalid_token");
    case "expired_token":
      return unauthorized(refusal.route, context, "token_expired");
    case "too_many_failures":
      return tooManyFailures(refusal.retryAfterSeconds);
    case "insufficient_scope":
      return insufficientScope(refusal.route, context);
    case "forbidden":
      return { problem: { status: 403, code: "forbidden", title: "Forbidden", detail: "a role is missing" } };
    case "permission_missing":
      return permissionMissing(refusal.missing);
    case "denied":
      return refusal.isHidden ? { problem: NOT_FOUND } : { problem: NOT_PERMITTED };
    case "step_up":
      return insufficientAuthentication(refusal, context);
    case "resource_unread":
      return { problem: refusal.reason === "resources_too_many" ? TOO_MANY_RESOURCES : RESOURCE_UNREAD };
    case "consistency_malformed":
      return { problem: CONSISTENCY_MALFORMED };
    case "consistency_unreached":
      return { problem: CONSISTENCY_UNREACHED };
    case "bodies_not_seen":
      return { problem: { status: 403, code: "bodies_not_seen", title: "Forbidden" } };
    case "credits_exhausted":
      return creditsExhausted(refusal.refillInMs);
    case "quota_exceeded":
      return quotaExceeded(refusal);
    case "unavailable":
      return unavailable();
  }
}

function methodNotAllowed(allow: readonly string[]): Mapped {
  const problem = { status: 405, code: "method_not_allowed", title: "Method Not Allowed" };
  return { problem, headers: new Headers({ allow: allow.join(", ") }) };
}

/** RFC 9110 §15.5.22, and RFC 6455 §4.4 for another version. */
function upgradeRequired(): Mapped {
  const problem = { status: 426, code: "upgrade_required", title: "Upgrade Required", detail: "open a WebSocket" };
  return { problem, headers: new Headers({ upgrade: "websocket", "sec-websocket-version": "13" }) };
}

function ambiguous({ resourceMetadataUrl }: RefusalContext): Mapped {
  const description = "more than one credential";
  const challenge = bearerChallenge({
    error: "invalid_request",
    errorDescription: description,
    resourceMetadata: resourceMetadataUrl,
  });
  return {
    problem: { status: 400, code: "ambiguous_credentials", title: "Bad Request", detail: description },
    headers: new Headers({ "www-authenticate": challenge }),
  };
}

/** RFC 6750 §3.1: no `error` where no credential was sent; one and the same for every fault but age alone. */
function unauthorized(
  route: GateRoute,
  { resourceMetadataUrl }: RefusalContext,
  code: "unauthenticated" | "invalid_token" | "token_expired",
): Mapped {
  const isExpired = code === "token_expired";
  const description = isExpired ? "the access token expired" : "the credential is not valid here";
  const presented = code !== "unauthenticated";
  const error = presented ? ({ error: "invalid_token", errorDescription: description } as const) : {};
  const headers = new Headers();
  headers.append("www-authenticate", bearerChallenge({ ...error, resourceMetadata: resourceMetadataUrl }));
  const takesKeys = route.credentials.some((kind) => kind === "secret_key" || kind === "publishable_key");
  if (takesKeys) headers.append("www-authenticate", 'ApiKey realm="sallyport"');
  const detail = presented ? description : "a credential is required";
  const members = {
    ...(presented && { error: "invalid_token", error_description: description }),
    // The way on for people is a page of the issuer's, and nothing that a caller could choose.
    ...(route.session !== null && { login: route.session.loginUrl }),
  };
  return { problem: { status: 401, code, title: "Unauthorized", detail, members }, headers };
}

function tooManyFailures(retryAfterSeconds: number): Mapped {
  const detail = "too many failed authentications from this address";
  return {
    problem: { status: 429, code: "too_many_failures", title: "Too Many Requests", detail },
    headers: new Headers({ "retry-after": String(retryAfterSeconds) }),
  };
}

/** Says what to solve and where the proof goes; not what asked for it, nor what was wrong with a proof that came. */
function captchaRequired({ siteKey, action }: CaptchaChallenge): Mapped {
  const captcha = { provider: "turnstile", site_key: siteKey, action, header: "Sallyport-Captcha" };
  const detail = "a person has to solve a challenge";
  return { problem: { status: 403, code: "captcha_required", title: "Forbidden", detail, members: { captcha } } };
}

/** Names the scopes that the route demands: all of them, because a client asks for a new token with what it reads here. */
function insufficientScope(route: RightsRoute, { resourceMetadataUrl }: RefusalContext): Mapped {
  const scope = route.rule.scopes.join(" ");
  const challenge = bearerChallenge({
    error: "insufficient_scope",
    scope,
    resourceMetadata: resourceMetadataUrl,
  });
  const members = { error: "insufficient_scope", scope };
  return {
    problem: { status: 403, code: "insufficient_scope", title: "Forbidden", detail: "a scope is missing", members },
    headers: new Headers({ "www-authenticate": challenge }),
  };
}

/** Names what is missing (M19), as scopes are named: whoever administers roles knows then what to give. */
function permissionMissing(missing: readonly string[]): Mapped {
  const members = { permission: missing.join(" ") };
  const detail = "a permission is missing";
  return { problem: { status: 403, code: "permission_missing", title: "Forbidden", detail, members } };
}

/** RFC 9470 §3: what a client has to ask the authorization server for. A browser goes to the page where people sign in. */
function insufficientAuthentication(
  { stepUp, route }: Extract<Refusal, { kind: "step_up" }>,
  { resourceMetadataUrl }: RefusalContext,
): Mapped {
  const error = "insufficient_user_authentication";
  const description = "a more recent or a stronger sign-in is required";
  const challenge = bearerChallenge({
    error,
    errorDescription: description,
    ...stepUp,
    resourceMetadata: resourceMetadataUrl,
  });
  const { acrValues, maxAgeSeconds } = stepUp;
  const members = {
    error,
    error_description: description,
    ...(acrValues.length > 0 && { acr_values: acrValues.join(" ") }),
    ...(maxAgeSeconds !== null && { max_age: maxAgeSeconds }),
    ...(route.session !== null && { login: freshLogin(route.session.loginUrl, maxAgeSeconds) }),
  };
  return {
    problem: { status: 401, code: error, title: "Unauthorized", detail: description, members },
    headers: new Headers({ "www-authenticate": challenge }),
  };
}

/** The page of the issuer's, which asks whoever is signed in already to sign in once more where that is longer ago. */
function freshLogin(loginUrl: string, maxAgeSeconds: number | null): string {
  return maxAgeSeconds === null ? loginUrl : `${loginUrl}?max_age=${maxAgeSeconds}`;
}

function quotaExceeded({ limits }: Extract<Refusal, { kind: "quota_exceeded" }>): Mapped {
  const { fields, retryAfterSeconds } = rateLimitFields(limits.verdict, limits.policies, limits.fields);
  const headers = new Headers();
  for (const [name, value] of fields) headers.set(name, value);
  headers.set("retry-after", String(retryAfterSeconds ?? 1));
  const violated = limits.verdict.limits.filter((state) => !state.granted).map((state) => state.policy);
  const members = { "violated-policies": violated };
  const problem = { status: 429, code: "quota_exceeded", type: QUOTA_EXCEEDED, title: "Quota exceeded", members };
  return { problem, headers };
}

/** Without `Retry-After` where no credits come back by themselves: to try again would be in vain. */
function creditsExhausted(refillInMs: number | null): Mapped {
  const headers = new Headers();
  if (refillInMs !== null) headers.set("retry-after", String(Math.max(1, Math.ceil(refillInMs / 1_000))));
  const title = "Credits exhausted";
  return { problem: { status: 429, code: "credits_exhausted", type: QUOTA_EXCEEDED, title }, headers };
}

function unavailable(): Mapped {
  const problem = { status: 503, code: "temporarily_unavailable", title: "Service Unavailable" };
  return { problem, headers: new Headers({ "retry-after": RETRY_AFTER_SECONDS }) };
}

/** The answer to what nobody expected: 503 for an outage, 500 for a fault of ours. */
export function unexpectedResponse(isOutage: boolean, requestId: string): Response {
  if (isOutage) return problemResponse(unavailable().problem, requestId, unavailable().headers ?? {});
  return problemResponse({ status: 500, code: "internal_error", title: "Internal Server Error" }, requestId);
}

const REQUEST_FAULTS: Readonly<Record<RequestFault, Problem>> = {
  path_ambiguous: {
    status: 400,
    code: "path_ambiguous",
    title: "Bad Request",
    detail: "the path has several readings",
  },
  path_too_long: { status: 414, code: "path_too_long", title: "URI Too Long" },
  query_ambiguous: {
    status: 400,
    code: "query_ambiguous",
    title: "Bad Request",
    detail: "the query is not well-formed",
  },
  credential_in_query: {
    status: 400,
    code: "credential_in_query",
    title: "Bad Request",
    detail: "a token in a URL is never honoured; send it in the Authorization header",
  },
};

/** The response to a request that has no canonical form. */
export function requestFaultResponse(fault: RequestFault, requestId: string): Response {
  return problemResponse(REQUEST_FAULTS[fault], requestId);
}
