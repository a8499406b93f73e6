import { isLoopbackHost } from "../../kernel/loopback.ts";
import { didYouMean } from "../../kernel/nearest.ts";
import { type OutboundReach, outboundUrlFault } from "../../policy/outbound_url.ts";
import type { SignatureAlgorithm } from "../../protocol/jws.ts";
import { looksLikeOwnSecret } from "../../protocol/opaque_token.ts";
import type { ConfigFault } from "../fault.ts";
import type { Config, TrustedIssuerConfig } from "../schema.ts";

const DEFAULT_ALGORITHMS: readonly SignatureAlgorithm[] = ["ES256"];

/** What is wrong with the issuers whose tokens open routes: contradictions, and trust that would reach too far. */
export function trustedIssuerFaults({ issuer, gateway, policy }: Config): ConfigFault[] {
  return gateway.trustedIssuers.flatMap((trusted, index) => {
    const path = `gateway.trustedIssuers[${index}]`;
    const first = gateway.trustedIssuers.findIndex((other) => other.issuer === trusted.issuer);
    return [
      ...(first === index ? [] : [{ path: `${path}.issuer`, reason: "is declared twice" }]),
      ...(trusted.issuer === issuer.url
        ? ownIssuerFaults(trusted, { issuer, gateway }, path)
        : [
            ...otherIssuerFaults(trusted, path),
            ...keyFaults(trusted, gateway, path),
            ...withdrawnKeyFaults(trusted, path),
            ...introspectionFaults(trusted, gateway, path),
            ...attributeClaimFaults(trusted, policy, path),
          ]),
    ];
  });
}

/** Attributes of principals are those that are declared: their types say what is read. */
function attributeClaimFaults({ claims }: TrustedIssuerConfig, policy: Config["policy"], path: string): ConfigFault[] {
  const declared = policy?.principal ?? {};
  return Object.keys(claims.attributes ?? {}).flatMap((name) => {
    if (Object.hasOwn(declared, name)) return [];
    const reason = `is not declared in policy.principal${didYouMean(name, Object.keys(declared))}`;
    return [{ path: `${path}.claims.attributes.${name}`, reason }];
  });
}

type Parties = Pick<Config, "issuer" | "gateway">;

function ownIssuerFaults(trusted: TrustedIssuerConfig, { issuer, gateway }: Parties, path: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (trusted.keys !== "ring") faults.push({ path: `${path}.keys`, reason: "must be `ring` for this issuer" });
  if (trusted.withdrawnKeys !== undefined) {
    const reason = "is for other issuers' keys: this issuer's are withdrawn by its operators, in the ring";
    faults.push({ path: `${path}.withdrawnKeys`, reason });
  }
  const audiences = audiencesOf(trusted, gateway.resource);
  for (const { resource, algorithm } of issuer.apis) {
    if (audiences.includes(resource) && !algorithmsOf(trusted).includes(algorithm)) {
      faults.push({ path: `${path}.algorithms`, reason: `lacks ${algorithm}, which signs this API's tokens` });
    }
  }
  if (audiences.includes(issuer.url)) {
    faults.push({ path: `${path}.audience`, reason: "names the issuer, whose tokens are for itself alone" });
  }
  if (trusted.introspection !== undefined) {
    faults.push({ path: `${path}.introspection`, reason: "this issuer has no opaque access tokens" });
  }
  const isReshaped = trusted.shape !== "at+jwt" || Object.keys(trusted.claims).length > 0;
  if (isReshaped || Object.keys(trusted.requiredClaims).length > 0) {
    faults.push({ path, reason: "this issuer's tokens are read as it mints them: no shape, claims or requiredClaims" });
  }
  return faults;
}

function otherIssuerFaults(trusted: TrustedIssuerConfig, path: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (trusted.shape === "cognito" && trusted.audience === undefined) {
    faults.push({
      path: `${path}.audience`,
      reason: "must name the app clients of this API: such tokens have no other audience",
    });
  }
  // The client is what tells an untyped access token from an ID token: looked for elsewhere, something else has to.
  const isLoose = trusted.shape === "generic-jwt" && trusted.claims.clientId !== undefined;
  if (isLoose && Object.keys(trusted.requiredClaims).length === 0) {
    faults.push({
      path: `${path}.requiredClaims`,
      reason: "must name a claim that only access tokens have, where `generic-jwt` maps the client",
    });
  }
  return faults;
}

function keyFaults(
  { issuer, keys, algorithms }: TrustedIssuerConfig,
  gateway: Config["gateway"],
  path: string,
): ConfigFault[] {
  if (keys === undefined) return [];
  if (keys === "ring") return [{ path: `${path}.keys`, reason: "must not be `ring` for this issuer" }];
  if ("secretBinding" in keys) {
    const reason = "must be left out: a secret is for HS256 alone, and HS256 for nothing else";
    const names = [keys.secretBinding].flat();
    return [
      ...(algorithms === undefined ? [] : [{ path: `${path}.algorithms`, reason }]),
      ...(new Set(names).size === names.length
        ? []
        : [{ path: `${path}.keys.secretBinding`, reason: "names one secret twice" }]),
    ];
  }
  const faults: ConfigFault[] = [];
  if (keys.refreshSeconds > keys.maxStaleSeconds) {
    faults.push({ path: `${path}.keys.refreshSeconds`, reason: "must not be more than `maxStaleSeconds`" });
  }
  const member = "jwksUrl" in keys ? "jwksUrl" : "discovery";
  const url = "jwksUrl" in keys ? keys.jwksUrl : metadataUrl(issuer, keys.discovery);
  return [...faults, ...addressFaults(url, gateway, `${path}.keys.${member}`)];
}

function withdrawnKeyFaults({ keys, withdrawnKeys }: TrustedIssuerConfig, path: string): ConfigFault[] {
  if (withdrawnKeys === undefined) return [];
  const isPublished = keys !== undefined && keys !== "ring" && !("secretBinding" in keys);
  if (!isPublished) return [{ path: `${path}.withdrawnKeys`, reason: "names keys of an issuer that publishes none" }];
  const isTwice = new Set(withdrawnKeys).size < withdrawnKeys.length;
  return isTwice ? [{ path: `${path}.withdrawnKeys`, reason: "names a key twice" }] : [];
}

function introspectionFaults(
  { keys, algorithms, shape, introspection }: TrustedIssuerConfig,
  gateway: Config["gateway"],
  path: string,
): ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (keys === undefined && introspection === undefined) {
    faults.push({ path: `${path}.keys`, reason: "is missing, and so is `introspection`: nothing proves its tokens" });
  }
  if (keys === undefined && (algorithms !== undefined || shape !== "at+jwt")) {
    faults.push({ path, reason: "`algorithms` and `shape` are for JWTs, which need `keys`" });
  }
  if (introspection === undefined) return faults;
  const { url, tokenPrefix } = introspection;
  if (looksLikeOwnSecret(tokenPrefix)) {
    faults.push({ path: `${path}.introspection.tokenPrefix`, reason: "begins like a secret of this installation" });
  }
  const prefixes = gateway.trustedIssuers.flatMap((other) => other.introspection?.tokenPrefix ?? []);
  if (prefixes.filter((other) => other.startsWith(tokenPrefix) || tokenPrefix.startsWith(other)).length > 1) {
    const reason = "does not tell this issuer's tokens from another's that is asked too";
    faults.push({ path: `${path}.introspection.tokenPrefix`, reason });
  }
  return [...faults, ...addressFaults(url, gateway, `${path}.introspection.url`)];
}

function addressFaults(url: string, gateway: Config["gateway"], path: string): ConfigFault[] {
  const fault = outboundUrlFault(url, outboundReach(gateway));
  return fault === null ? [] : [{ path, reason: `is not called: ${fault}` }];
}

/** Where the gateway may call: the internet by https, what the operator named, and its own machine where it is on one. */
export function outboundReach({ url, outboundOrigins }: Config["gateway"]): OutboundReach {
  return { loopback: isLoopbackHost(new URL(url).hostname), origins: new Set(outboundOrigins) };
}

/** Where an issuer's metadata is: OpenID Connect Discovery §4.1, or RFC 8414 §3.1. */
export function metadataUrl(issuer: string, discovery: string): string {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  if (discovery === "openid") return `${origin}${path}/.well-known/openid-configuration`;
  return discovery === "oauth" ? `${origin}/.well-known/oauth-authorization-server${path}` : discovery;
}

/** What tokens of `trusted` must be for: one of these. */
export function audiencesOf({ audience }: TrustedIssuerConfig, resource: string): readonly string[] {
  if (audience === undefined) return [resource];
  return typeof audience === "string" ? [audience] : audience;
}

/** What tokens of `trusted` may be signed with, where its keys are published. */
export function algorithmsOf({ algorithms }: TrustedIssuerConfig): readonly SignatureAlgorithm[] {
  return algorithms ?? DEFAULT_ALGORITHMS;
}
