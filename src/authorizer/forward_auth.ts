import { tooManyFailures } from "../access/refusal.ts";
import { callerUnit } from "../http/client_address.ts";
import { problemResponse } from "../http/problem.ts";
import { equalDigests, sha256Base64url } from "../kernel/bytes.ts";
import type { Result } from "../kernel/result.ts";
import type { CanonicalRequest } from "../policy/canonical_request.ts";
import {
  type AddressSource,
  type ForwardedRequest,
  type ForwardingFault,
  forwardedRequest,
  repeatedRequest,
} from "../policy/forwarded_request.ts";
import type { AuthorizationDecision } from "../ports/authorization.ts";
import { type DecisionParts, decide, type EarlyRefusal, refuseEarly } from "./decision.ts";
import { refusalResponse } from "./refusal_response.ts";

/**
 * `/_authz`: another proxy asks about each of its calls, and carries out what passes. Owns whom it believes (whoever holds a shared
 * secret) and how each proxy is answered; refuses every word about a call from anyone else.
 */
export interface ForwardAuthParts {
  readonly decisions: DecisionParts;
  /** Several while one replaces another. */
  readonly secrets: readonly string[];
  readonly address: AddressSource;
}

export const PROXY_SECRET_FIELD = "sallyport-proxy-secret";

/** How a proxy takes its answer: as it is, as nginx's `auth_request` can, or for Envoy, which asks under the path itself. */
type Mode = "plain" | "nginx" | "envoy";

const ENVOY_PREFIX = "/_authz/envoy";

/**
 * What is known of the TLS between a caller and a proxy: that the proxy, which proved itself, keeps to what proxies are set to. It is
 * the floor of every route; a route that demands more, or a certificate, refuses.
 */
const PROXY_TLS = { tlsVersion: "TLSv1.2" };

/** What is about the call to us and not about the call that is asked about. */
const ABOUT_THE_ASKING =
  /^(?:sallyport-proxy-secret|x-forwarded-.*|x-original-(?:url|method)|x-real-ip|cf-.*|content-length|transfer-encoding|true-client-ip)$/;

/** Whether decoded `segments` are a path of this room. */
export function isForwardAuthPath([first]: readonly string[]): boolean {
  return first === "_authz";
}

/** Answers the question of a proxy: 200 with what is to be copied, or the refusal. */
export async function answerProxy(
  request: Request,
  canonical: CanonicalRequest,
  ctx: ExecutionContext,
  parts: ForwardAuthParts,
): Promise<Response> {
  const mode = modeOf(canonical.segments);
  const decision = await decisionFor(request, mode, ctx, parts);
  return mode === "nginx" ? nginxAnswer(decision) : answer(decision);
}

function modeOf([, second, ...rest]: readonly string[]): Mode | null {
  if (second === undefined) return "plain";
  if (second === "envoy") return "envoy";
  return second === "nginx" && rest.length === 0 ? "nginx" : null;
}

async function decisionFor(
  request: Request,
  mode: Mode | null,
  ctx: ExecutionContext,
  parts: ForwardAuthParts,
): Promise<AuthorizationDecision> {
  const { security } = parts.decisions.judgement;
  const early: EarlyRefusal = { scheme: new URL(request.url).protocol, shape: "forward_auth", security };
  if (!(await isKnownProxy(request, parts))) return refuseStranger(request, early, parts);
  const forwarded = readForwarded(request, mode, parts.address);
  if (!forwarded.ok) {
    const detail = "the proxy does not say, in one way, which call it asks about";
    const problem = { status: 400, code: "forwarding_refused", title: "Bad Request", detail };
    return refuseEarly(forwarded.error, early, (id) => problemResponse(problem, id));
  }
  return decide(forwarded.value.sent, callerOf(request, forwarded.value), "forward_auth", ctx, parts.decisions);
}

/** All secrets are compared, each in time that depends on none of them. */
async function isKnownProxy(request: Request, { secrets }: ForwardAuthParts): Promise<boolean> {
  const presented = request.headers.get(PROXY_SECRET_FIELD);
  if (presented === null) return false;
  const [digest, ...held] = await Promise.all([presented, ...secrets].map(sha256Base64url));
  return held.map((one) => equalDigests(digest ?? "", one)).includes(true);
}

/**
 * A stranger spends what its address may fail of authentications. A proxy that is known is never held up by it: who shares its
 * address could shut it out otherwise, and a secret of 32 random bytes is not guessed.
 */
function refuseStranger(
  request: Request,
  early: EarlyRefusal,
  { decisions }: ForwardAuthParts,
): Promise<AuthorizationDecision> {
  const { failures } = decisions.judgement.gate;
  const address = callerUnit((name) => request.headers.get(name));
  const nowMs = Date.now();
  const waitSeconds = failures.waitSeconds(address, nowMs);
  if (waitSeconds === 0) {
    failures.fail(address, nowMs);
    const problem = { status: 403, code: "proxy_not_proven", title: "Forbidden" };
    return refuseEarly("proxy_not_proven", early, (id) => problemResponse(problem, id));
  }
  const refusal = tooManyFailures(waitSeconds);
  return refuseEarly("proxy_not_proven", early, (id) => refusalResponse(refusal, id, decisions.judgement.refusals));
}

function readForwarded(
  request: Request,
  mode: Mode | null,
  address: AddressSource,
): Result<ForwardedRequest, ForwardingFault> {
  const header = (name: string) => request.headers.get(name);
  if (mode === null) return { ok: false, error: "forwarding_malformed" };
  if (mode !== "envoy") return forwardedRequest(header, address);
  // As it was received: a parser of URLs would resolve what the proxy passes on unresolved.
  const [, scheme = "", host = "", target = ""] = /^(https?:)\/\/([^/?#]*)(.*)$/.exec(request.url) ?? [];
  if (!target.startsWith(`${ENVOY_PREFIX}/`)) return { ok: false, error: "forwarding_malformed" };
  const asked = {
    method: request.method,
    scheme,
    host: header("x-forwarded-host") ?? host,
    target: target.slice(ENVOY_PREFIX.length),
  };
  return repeatedRequest(asked, header, address);
}

/**
 * The call as its caller made it. What the platform says of the connection is about the proxy's, so none of it is passed on but
 * under the proxy's word for the address.
 */
function callerOf(request: Request, { address, bodyBytes }: ForwardedRequest) {
  const headers = [...request.headers].filter(([name]) => !ABOUT_THE_ASKING.test(name));
  headers.push(["cf-connecting-ip", address]);
  if (bodyBytes !== null) headers.push(["content-length", String(bodyBytes)]);
  return { headers, cf: PROXY_TLS };
}

function answer(decision: AuthorizationDecision): Response {
  if (!decision.allowed) {
    return new Response(decision.body, { status: decision.status, headers: decision.headers.map(([...pair]) => pair) });
  }
  const headers = new Headers([...decision.responseHeaders].map(([...pair]) => pair));
  // There in any case, empty where nobody is proven: proxies put it in the place of what is there, and some would keep that, or
  // write the name of a variable that has no value.
  headers.set("sallyport-identity", "");
  for (const [name, value] of decision.requestHeaders) headers.set(name, value);
  // A verdict is for one call: nothing between here and the proxy may keep it, on a public route neither.
  headers.set("cache-control", "no-store, private");
  return new Response(null, { status: 200, headers });
}

/** `auth_request` knows 2xx, 401 and 403; anything else becomes 500. So the rest is 403, with the status beside it. */
function nginxAnswer(decision: AuthorizationDecision): Response {
  const response = answer(decision);
  if (decision.allowed) return response;
  const { headers } = response;
  headers.set("sallyport-status", String(decision.status));
  if (decision.code !== null) headers.set("sallyport-code", decision.code);
  return new Response(null, { status: decision.status === 401 ? 401 : 403, headers });
}
