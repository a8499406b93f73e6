import type { Call, Gate } from "../access/gate.ts";
import type { Refusal } from "../access/refusal.ts";
import { type CorsPolicy, permittedOrigin } from "../policy/cors.ts";

/**
 * What the gate says to scripts of other origins. Owns the fields, and the answers to preflights; refuses to stand in anybody's way: a
 * browser keeps an answer from a page that may not read it, and any other caller writes into `Origin` what it likes.
 */

/** Sets what `policy` says to a caller with this `origin`. Answers differ by it, and caches must know so in either case. */
export function setCorsFields(headers: Headers, policy: CorsPolicy, origin: string | null): void {
  addVary(headers, ["Origin"]);
  const permitted = permittedOrigin(policy, origin);
  if (permitted === null) return;
  headers.set("access-control-allow-origin", permitted);
  headers.set("access-control-expose-headers", policy.exposeHeaders);
  if (policy.credentials) headers.set("access-control-allow-credentials", "true");
}

/**
 * The answer to a preflight that `policy` grants (Fetch §4.8): what may be asked, whatever was, so that a browser tells its page's author which
 * part does not hold. `Access-Control-Request-Private-Network` is never granted: a gate on the public internet needs none.
 */
export function preflightResponse({ allowMethods, allowHeaders, maxAge }: CorsPolicy): Response {
  const headers = new Headers({
    "access-control-allow-methods": allowMethods,
    "access-control-allow-headers": allowHeaders,
    "access-control-max-age": maxAge,
    "cache-control": "no-store",
  });
  addVary(headers, ["Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"]);
  return new Response(null, { status: 204, headers });
}

/** The policy under which a refused call is a preflight that is granted, or null. */
export function grantedPreflight(refusal: Refusal, { method, header, segments }: Call, gate: Gate): CorsPolicy | null {
  if (refusal.kind !== "method_not_allowed" || method !== "OPTIONS") return null;
  const asked = header("access-control-request-method");
  if (asked === null) return null;
  const match = gate.routes.match(asked, segments);
  const policies = match.kind === "matched" ? [match.route.cors] : pathPolicies(refusal.allow, segments, gate);
  return policies.find((policy) => policy !== null && permittedOrigin(policy, header("origin")) !== null) ?? null;
}

/**
 * What a refusal that belongs to no route says to scripts, so that those which may read the answers of a path can read why there is none:
 * where the path has routes, a policy that permits the caller's origin before any other.
 */
export function routelessPolicy(
  refusal: Refusal,
  { header, segments }: Call,
  { gate, cors }: { readonly gate: Gate; readonly cors: CorsPolicy | null },
): CorsPolicy | null {
  if (refusal.kind === "not_found") return cors;
  if (refusal.kind !== "method_not_allowed") return null;
  const policies = pathPolicies(refusal.allow, segments, gate).filter((policy) => policy !== null);
  return policies.find((policy) => permittedOrigin(policy, header("origin")) !== null) ?? policies[0] ?? null;
}

function pathPolicies(allow: readonly string[], segments: readonly string[], { routes }: Gate): (CorsPolicy | null)[] {
  return allow.map((method) => {
    const match = routes.match(method, segments);
    return match.kind === "matched" ? match.route.cors : null;
  });
}

/** Adds `names` to `Vary` where they are not yet. `*` says it all. */
function addVary(headers: Headers, names: readonly string[]): void {
  const held = (headers.get("vary") ?? "").split(",").map((name) => name.trim().toLowerCase());
  if (held.includes("*")) return;
  for (const name of names) if (!held.includes(name.toLowerCase())) headers.append("vary", name);
}
