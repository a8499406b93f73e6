import { canonicalSegments } from "../policy/canonical_path.ts";

/** Path prefixes that belong to the gateway itself on its hosts. */
const GATEWAY_PREFIXES = [
  "/.well-known/sallyport",
  "/.well-known/oauth-protected-resource",
  "/.well-known/authzen-configuration",
  "/_authz",
  "/access/v1",
];

/** Path prefixes that belong to the issuer on its hosts. */
const ISSUER_PREFIXES = [
  "/.well-known/openid-configuration",
  "/.well-known/oauth-authorization-server",
  "/.well-known/jwks.json",
  "/oauth2",
  "/auth",
  "/admin",
  "/console",
  "/login",
  "/register",
  "/consent",
  "/device",
  "/account",
  "/forgot",
  "/reset",
  "/verify-email",
  "/secret-scanning",
];

const gatewayPrefixes = GATEWAY_PREFIXES.map(split);
const issuerPrefixes = ISSUER_PREFIXES.map(split);

/** Whether decoded `segments` lie on a path that the gateway keeps for itself. */
export function isGatewayPath(segments: readonly string[]): boolean {
  return gatewayPrefixes.some((prefix) => startsWith(segments, prefix));
}

/** Whether decoded `segments` lie on a path of the issuer. */
export function isIssuerPath(segments: readonly string[]): boolean {
  return issuerPrefixes.some((prefix) => startsWith(segments, prefix));
}

function split(path: string): readonly string[] {
  const segments = canonicalSegments(path);
  if (!segments.ok) throw new Error(`reserved path ${path} is not canonical`);
  return segments.value.decoded;
}

function startsWith(segments: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((segment, index) => segments[index] === segment);
}
