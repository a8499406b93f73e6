import { err, ok, type Result } from "../../kernel/result.ts";
import { type CanonicalRequest, canonicalRequest } from "../../policy/canonical_request.ts";
import type { EnvironmentFacts } from "../../policy/decision_facts.ts";
import type { Defer } from "../../ports/edge_feed.ts";
import type { AskedRequest, ExplainFault } from "../../ports/explaining.ts";
import type { Call } from "../gate.ts";

/** Header fields that prove somebody: an explanation takes the word for who asks, and never the proof. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "x-api-key",
  "dpop",
  "sallyport-identity",
  "sallyport-captcha",
]);
/** A path is asked about on the gateway, whatever its host is called. */
const SOMEWHERE = "https://gateway.invalid";

/** A call that was read, and what of it is decided on. */
export interface ToldCall {
  readonly call: Call;
  readonly canonical: CanonicalRequest;
}

/** The call that is asked about, as the gate would have read it; `refusal` where it would not have. A secret in it is a fault, and is not repeated. */
export function askedCall(
  { method, url, headers }: AskedRequest,
  env: EnvironmentFacts,
  defer: Defer,
): Result<ToldCall | { readonly refusal: string }, ExplainFault> {
  const secret = headers.find(([name]) => SECRET_FIELDS.has(name.toLowerCase()) || /secret/i.test(name));
  if (secret !== undefined) {
    const reason = "holds a header that proves somebody: say who asks by `subject` or `claims`, and keep the secret";
    return err({ field: "request.headers", reason });
  }
  const parsed = URL.parse(url, SOMEWHERE);
  if (parsed === null) return err({ field: "request.url", reason: "is neither a path nor a URL" });
  const canonical = canonicalRequest(method, parsed);
  if (!canonical.ok && canonical.error === "credential_in_query") {
    return err({ field: "request.url", reason: "holds an access token: say who asks by `subject` or `claims`" });
  }
  if (!canonical.ok) return ok({ refusal: canonical.error });
  return ok({ canonical: canonical.value, call: callOf(canonical.value, headers, env, defer) });
}

function callOf(
  { method, segments, search, scheme }: Pick<CanonicalRequest, "method" | "segments" | "search" | "scheme">,
  headers: AskedRequest["headers"],
  env: EnvironmentFacts,
  defer: Defer,
): Call {
  const address = env.address ?? "unknown";
  const tls = env.tlsVersion;
  return {
    method,
    segments,
    search,
    header: (name) => {
      const values = headers.filter(([held]) => held.toLowerCase() === name).map(([, value]) => value);
      return values.length === 0 ? null : values.join(", ");
    },
    headerBytes: 0,
    address,
    exactAddress: address,
    edge: () => ({ asn: env.asn, country: env.country, position: null }),
    connection: {
      isTls: scheme === "https:",
      isLoopback: () => false,
      webOrigin: () => "",
      tlsVersion: () => (tls === "1.2" || tls === "1.3" || tls === "older" ? tls : null),
      clientCertificate: () => ({ kind: "client_certificate_absent" }),
    },
    nowMs: env.nowMs,
    isPassedOnHere: true,
    takesUnseenBodies: false,
    defer,
  };
}
