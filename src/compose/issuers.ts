import { Introspection } from "../adapters/introspection.ts";
import { JoseAccessTokens, type ProofKeys, type TrustedIssuerKeys } from "../adapters/jose_access_tokens.ts";
import { VerificationKeys } from "../adapters/jose_verification_keys.ts";
import { discoveredJwks, jwksUrl, watchedKeys } from "../adapters/jwks_url.ts";
import { KvKeyCopies } from "../adapters/kv_key_copies.ts";
import { OpaqueAccessTokens } from "../adapters/opaque_access_tokens.ts";
import { logBreaker } from "../authorizer/breaker_log.ts";
import { type Bindings, type Environment, readBindings, sharedSecret } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { algorithmsOf, metadataUrl, outboundReach } from "../config/faults/trusted_issuer.ts";
import type { TrustedIssuerConfig } from "../config/schema.ts";
import { utf8 } from "../kernel/bytes.ts";
import { parseJsonPointer } from "../kernel/json_pointer.ts";
import type { Kept } from "../kernel/kept.ts";
import type { OutboundReach } from "../policy/outbound_url.ts";
import type { AccessTokenVerifier } from "../ports/access_tokens.ts";
import type { IssuerReader } from "../ports/issuer_reader.ts";
import type { DeclaredAttributes } from "../protocol/attribute_values.ts";
import type { ClaimReading } from "../protocol/foreign_claims.ts";
import { INTROSPECTED, SHAPES, type TokenShape } from "../protocol/token_shape.ts";
import { ringKeys } from "./stores.ts";

/*
 * The wiring of trust in other issuers: how their tokens are read, and where their keys come from.
 */

/** For how long a key id that an issuer did not know is not asked for again. */
const ABSENT_MS = 30_000;

/** An HMAC key is as long as its digest at least (RFC 7518 §3.2). */
const HS256_SECRET_BYTES = 32;

/** Everything that the proof of a token depends on, but the keys themselves, as plain data. */
export function proofOfTokens({ gateway, policy }: Pick<CompiledConfig, "gateway" | "policy">): unknown {
  const { url, resource, trustedIssuers, outboundOrigins } = gateway;
  // As attributes are declared, so they are read.
  const isMapped = trustedIssuers.some(({ claims }) => claims.attributes !== undefined);
  return [url, resource, trustedIssuers, outboundOrigins, isMapped ? policy?.principal : null];
}

/** What proves the tokens of every issuer that the gateway trusts. The keys of an issuer are `kept` while it stays as it is. */
export function trustedTokens(
  env: Environment,
  { gateway, policy }: CompiledConfig,
  reader: IssuerReader,
  kept: Kept,
): AccessTokenVerifier {
  const reach = outboundReach(gateway);
  const declared = policy?.principal ?? {};
  const signing = gateway.trustedIssuers.flatMap((trusted): TrustedIssuerKeys[] => {
    const proof = proofKeys(env, trusted, reader, reach, kept);
    const reading = trusted.keys === "ring" ? null : claimReading(trusted, SHAPES[trusted.shape], declared);
    return proof === null ? [] : [{ issuer: trusted.issuer, proof, reading }];
  });
  const asked = gateway.trustedIssuers.flatMap((trusted) => introspecting(env, trusted, reach, declared) ?? []);
  const signed = new JoseAccessTokens(signing);
  if (asked.length === 0) return signed;
  return kept.keep("introspection", proofOfTokens({ gateway, policy }), () => new OpaqueAccessTokens(asked, signed));
}

function introspecting(
  env: Environment,
  trusted: TrustedIssuerConfig,
  reach: OutboundReach,
  declared: DeclaredAttributes,
): Introspection | null {
  if (trusted.introspection === undefined) return null;
  const { secretBinding, cacheSeconds, ...settings } = trusted.introspection;
  const issuer = {
    ...settings,
    issuer: trusted.issuer,
    clientSecret: sharedSecret(env, secretBinding, 1),
    cacheMs: cacheSeconds * 1000,
    reading: claimReading(trusted, INTROSPECTED, declared),
    reach,
  };
  return new Introspection(issuer, (phase, name) => logBreaker(phase, { issuer: name }));
}

function proofKeys(
  env: Environment,
  trusted: TrustedIssuerConfig,
  reader: IssuerReader,
  reach: OutboundReach,
  kept: Kept,
): ProofKeys | null {
  const { keys } = trusted;
  const algorithms = algorithmsOf(trusted);
  if (keys === undefined) return null;
  // What is withdrawn here is no part of what is kept: the keys at hand go on, and are not fetched for it.
  const withdrawn = new Set(trusted.withdrawnKeys);
  if (keys === "ring")
    return { kind: "published", keys: kept.keep("trusted_ring", null, () => ringKeys(reader)), algorithms, withdrawn };
  if ("secretBinding" in keys) {
    const names = [keys.secretBinding].flat();
    return { kind: "secret", secrets: names.map((name) => utf8(sharedSecret(env, name, HS256_SECRET_BYTES))) };
  }
  const from = [trusted.issuer, keys, reach.loopback, [...(reach.origins ?? [])]];
  const published = kept.keep("issuer_keys", from, () => remoteKeys(readBindings(env), trusted.issuer, keys, reach));
  return { kind: "published", keys: published, algorithms, withdrawn };
}

type RemoteKeys = Extract<TrustedIssuerConfig["keys"], { readonly refreshSeconds: number }>;

function remoteKeys({ KEY_SETS }: Bindings, issuer: string, keys: RemoteKeys, reach: OutboundReach): VerificationKeys {
  const { refreshSeconds, maxStaleSeconds, cooldownSeconds } = keys;
  const url = "jwksUrl" in keys ? keys.jwksUrl : metadataUrl(issuer, keys.discovery);
  const source =
    "jwksUrl" in keys
      ? jwksUrl(url, reach)
      : discoveredJwks({ issuer, url, jwksHosts: new Set(keys.jwksHosts), reach });
  const times = {
    refreshMs: refreshSeconds * 1000,
    staleMs: maxStaleSeconds * 1000,
    cooldownMs: cooldownSeconds * 1000,
    absentMs: ABSENT_MS,
  };
  const from = { issuer, source: url, keepSeconds: maxStaleSeconds };
  return new VerificationKeys(
    watchedKeys(issuer, source),
    times,
    KEY_SETS === null ? null : new KvKeyCopies(KEY_SETS, from),
  );
}

function claimReading(
  { claims, requiredClaims }: TrustedIssuerConfig,
  shape: TokenShape,
  declared: DeclaredAttributes,
): ClaimReading {
  return {
    shape,
    subject: claims.subject === undefined ? null : steps(claims.subject),
    clientId: claims.clientId === undefined ? null : steps(claims.clientId),
    scopes: listOf(claims.scopes ?? shape.scopes).map(steps),
    roles: listOf(claims.roles ?? shape.roles).map(steps),
    attributes: Object.entries(claims.attributes ?? {}).map(([name, at]) => ({
      name,
      at: steps(at),
      type: declared[name] ?? "",
    })),
    tenantRoles: claims.tenantRoles === undefined ? undefined : steps(claims.tenantRoles),
    required: Object.entries(requiredClaims).map(([at, value]) => ({
      at: at.startsWith("/") ? steps(at) : [at],
      oneOf: listOf(value),
    })),
  };
}

function listOf<T extends string | number | boolean>(value: T | readonly T[]): readonly T[] {
  return typeof value === "object" ? value : [value];
}

function steps(pointer: string): readonly string[] {
  const parsed = parseJsonPointer(pointer);
  if (parsed === null) throw new Error("a pointer that the schema let through");
  return parsed;
}
