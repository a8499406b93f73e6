/**
 * Which headers of a caller reach the origin. Everything that an origin or a server before it could take for the gate's
 * word is dropped, under any spelling; what describes one hop stays on its hop.
 */

/** RFC 9110 §7.6.1, and what only makes sense between the caller and us. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Credentials stay at the gate; method overrides would undo the decision; the rest is the platform's or a proxy's to say. */
const DROPPED: ReadonlySet<string> = new Set([
  "authorization",
  // Said anew by the runtime of whatever body is really sent.
  "content-length",
  "cookie",
  "host",
  "true-client-ip",
  "via",
  "x-api-key",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-real-ip",
  "x-request-id",
  "x-rewrite-url",
]);

/** Also what other gateways call the user they proved, and client certificates (RFC 9440): origins outlive their gateways. */
const DROPPED_PREFIXES = [
  "cf-",
  "client-cert",
  "client-ip",
  "forwarded",
  "front-end-https",
  "remote-",
  "sallyport-",
  // Between two parties of a handshake; one of the gate's own says anew what the origin is to know.
  "sec-websocket-",
  "ssl-client",
  "tls-client",
  "x-accel-",
  "x-access-token",
  "x-amzn-",
  "x-arr-",
  "x-auth-",
  "x-authenticated-",
  "x-client-cert",
  "x-consumer-",
  "x-credential-",
  "x-envoy-",
  "x-forwarded",
  "x-goog-",
  "x-host",
  "x-identity",
  "x-jwt-assertion",
  "x-middleware-",
  "x-ms-client-principal",
  "x-mtls-",
  "x-original-",
  "x-originating-ip",
  "x-principal",
  "x-remote-",
  "x-roles",
  "x-scheme",
  "x-scope",
  "x-ssl-",
  "x-tenant",
  "x-tls-",
  "x-user",
  "x-verified",
  "x-webauth-",
];

/** Servers that hand headers on as variables read `X_User_Id` as `X-User-Id`: a name with `_` is dropped as well. */
const SPEAKS_FOR_THE_GATE = new RegExp(`^(?:${DROPPED_PREFIXES.join("|")})|_`);

/** Whether the header called `name` (lower case) may reach an origin; `connection` is the request's own such field. */
export function reachesOrigin(name: string, connection: string | null): boolean {
  if (HOP_BY_HOP.has(name) || DROPPED.has(name)) return false;
  if (SPEAKS_FOR_THE_GATE.test(name)) return false;
  return connection === null || !namedIn(connection, name);
}

/** Whether the header called `name` (lower case) of an origin may reach the caller. */
export function reachesCaller(name: string, connection: string | null): boolean {
  if (HOP_BY_HOP.has(name) || name.startsWith("sallyport-")) return false;
  // The gate's host may carry sessions of its own: an origin must not be able to set or shadow them.
  if (name === "set-cookie" || name === "server" || name === "x-powered-by") return false;
  return connection === null || !namedIn(connection, name);
}

function namedIn(connection: string, name: string): boolean {
  return connection.split(",").some((option) => option.trim().toLowerCase() === name);
}
