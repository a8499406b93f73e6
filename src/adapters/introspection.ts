import { Outage } from "../kernel/outage.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { isJsonObject } from "../kernel/strict_json.ts";
import type { BreakerPhase } from "../limits/breaker.ts";
import type { OutboundReach } from "../policy/outbound_url.ts";
import type { SignatureFault, SignedAccessToken } from "../ports/access_tokens.ts";
import { basicCredentials } from "../protocol/basic_credentials.ts";
import { type ClaimReading, readForeignClaims } from "../protocol/foreign_claims.ts";
import { AskedParty } from "./asked_party.ts";
import { boundedJson } from "./bounded_json.ts";

/** An issuer that is asked about its opaque tokens (RFC 7662). */
export interface IntrospectingIssuer {
  readonly issuer: string;
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly authMethod: "client_secret_basic" | "client_secret_post";
  /** How its tokens begin. */
  readonly tokenPrefix: string;
  /** For how long an answer is believed. */
  readonly cacheMs: number;
  readonly deadlineMs: number;
  readonly reading: ClaimReading;
  readonly reach: OutboundReach;
}

/** What an issuer says of a token; how long it holds is the asker's to bound. */
export type Introspected = Result<Omit<SignedAccessToken, "standing">, SignatureFault>;

const DEPENDENCY = "introspection";
const MAX_BYTES = 64 * 1024;

/** Asks one issuer, and leaves it alone while it keeps failing. */
export class Introspection {
  readonly issuer: IntrospectingIssuer;
  readonly #party: AskedParty;

  /** `changed` hears when the issuer is left alone, tried out, and asked again. */
  constructor(issuer: IntrospectingIssuer, changed: (phase: BreakerPhase, issuer: string) => void) {
    this.issuer = issuer;
    const phase = (began: BreakerPhase) => changed(began, issuer.issuer);
    this.#party = new AskedParty({ dependency: DEPENDENCY, refusals: [429], phase });
  }

  /** What the issuer says of `token`, whose SHA-256 is `digest`, at `nowMs`. Throws `Outage`: also where our own credentials are refused. */
  ask(token: string, digest: string, nowMs: number): Promise<Introspected> {
    return this.#party.ask(nowMs, async () =>
      readAnswer(await question(token, this.issuer), this.issuer, digest, nowMs),
    );
  }
}

/** Asks the issuer (RFC 7662 §2.1). */
function question(token: string, issuer: IntrospectingIssuer): Promise<unknown> {
  const { url, clientId, clientSecret, authMethod, deadlineMs, reach } = issuer;
  const body = new URLSearchParams({ token, token_type_hint: "access_token" });
  const headers = new Headers({ "content-type": "application/x-www-form-urlencoded" });
  if (authMethod === "client_secret_basic") headers.set("authorization", basicCredentials(clientId, clientSecret));
  else
    for (const [name, value] of Object.entries({ client_id: clientId, client_secret: clientSecret }))
      body.set(name, value);
  const types = ["application/json"];
  const bounds = { dependency: DEPENDENCY, deadlineMs, maxBytes: MAX_BYTES, types, reach };
  return boundedJson(url, bounds, { method: "POST", headers, body: body.toString() });
}

/**
 * Reads an answer (RFC 7662 §2.2). `exp` and `aud` are demanded although they are optional there: a token without an end
 * would never have one here, and one without an audience could be for anybody. Throws `Outage` for what is no answer.
 */
function readAnswer(
  answer: unknown,
  { issuer, reading }: IntrospectingIssuer,
  digest: string,
  nowMs: number,
): Introspected {
  if (!isJsonObject(answer) || typeof answer.active !== "boolean") {
    throw new Outage(DEPENDENCY, { cause: "no introspection answer" });
  }
  if (!answer.active) return err("token_inactive");
  const { iss = issuer, iat = Math.floor(nowMs / 1000) } = answer;
  if (iss !== issuer) return err("token_issuer_wrong");
  const claims = readForeignClaims({ ...answer, iss, iat }, reading);
  if (!claims.ok) return claims;
  const jti = claims.value.jti === "" ? `sha256:${digest.slice(0, 22)}` : claims.value.jti;
  return ok({ claims: { ...claims.value, jti }, kid: "" });
}
