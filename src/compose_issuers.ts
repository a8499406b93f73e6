import { JoseAccessTokens, type TrustedIssuerKeys } from "./adapters/jose_access_tokens.ts";
import { VerificationKeys } from "./adapters/jose_verification_keys.ts";
import { jwksUrl } from "./adapters/jwks_url.ts";
import { ringKeys } from "./compose_stores.ts";
import type { CompiledConfig } from "./config/compile.ts";
import type { TrustedIssuerConfig } from "./config/schema.ts";
import { parseJsonPointer } from "./kernel/json_pointer.ts";
import type { AccessTokenVerifier } from "./ports/access_tokens.ts";
import type { IssuerReader } from "./ports/issuer_reader.ts";
import type { ClaimReading } from "./protocol/foreign_claims.ts";
import { SHAPES } from "./protocol/token_shape.ts";

/*
 * The wiring of trust in other issuers: how their tokens are read, and where their keys come from.
 */

/** What proves the tokens of every issuer that the gateway trusts. */
export function trustedTokens({ gateway }: CompiledConfig, reader: IssuerReader): AccessTokenVerifier {
  return new JoseAccessTokens(gateway.trustedIssuers.map((trusted) => trustedKeys(trusted, reader)));
}

function trustedKeys(trusted: TrustedIssuerConfig, reader: IssuerReader): TrustedIssuerKeys {
  const { issuer, algorithms, keys } = trusted;
  if (keys === "ring") return { issuer, algorithms, keys: ringKeys(reader), reading: null };
  return { issuer, algorithms, keys: new VerificationKeys(jwksUrl(keys.jwksUrl)), reading: claimReading(trusted) };
}

function claimReading({ shape: name, claims, requiredClaims }: TrustedIssuerConfig): ClaimReading {
  const shape = SHAPES[name];
  return {
    shape,
    subject: claims.subject === undefined ? null : steps(claims.subject),
    clientId: claims.clientId === undefined ? null : steps(claims.clientId),
    scopes: listOf(claims.scopes ?? shape.scopes).map(steps),
    roles: listOf(claims.roles ?? shape.roles).map(steps),
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
