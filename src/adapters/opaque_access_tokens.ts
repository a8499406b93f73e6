import { sha256Base64url } from "../kernel/bytes.ts";
import { heldBytes } from "../kernel/held_bytes.ts";
import { Lru } from "../kernel/lru.ts";
import { Outage } from "../kernel/outage.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { isJsonObject } from "../kernel/strict_json.ts";
import type { OutboundReach } from "../policy/outbound_url.ts";
import type { AccessTokenVerifier, SignatureFault, SignedAccessToken } from "../ports/access_tokens.ts";
import type { Defer } from "../ports/edge_feed.ts";
import { basicCredentials } from "../protocol/basic_credentials.ts";
import { type ClaimReading, readForeignClaims } from "../protocol/foreign_claims.ts";
import { looksLikeOwnSecret } from "../protocol/opaque_token.ts";
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

type Answer = Result<SignedAccessToken, SignatureFault>;

const MAX_BYTES = 64 * 1024;
const MAX_TOKEN_CHARACTERS = 4_096;
/** Questions on their way at once, per isolate. */
const MAX_RUNNING = 64;
const STUCK_MS = 10_000;
const NEGATIVE_MS = 10_000;
/** What an answer takes beside the names in it. */
const ANSWER_BYTES = 768;

/**
 * Proves opaque tokens by asking their issuer, and leaves to `signed` whatever looks like a JWT. An answer is believed for a
 * while and never past the token's end; negative ones briefly. Whoever asks about the same token waits for one answer.
 */
export class OpaqueAccessTokens implements AccessTokenVerifier {
  readonly #issuers: readonly IntrospectingIssuer[];
  readonly #signed: AccessTokenVerifier;
  readonly #answers = new Lru<{ readonly answer: Answer; readonly untilMs: number }>({
    maxEntries: 4_000,
    maxBytes: 4 * 1024 * 1024,
  });
  readonly #running = new Map<string, { readonly done: Promise<Answer>; readonly startedMs: number }>();

  constructor(issuers: readonly IntrospectingIssuer[], signed: AccessTokenVerifier) {
    this.#issuers = issuers;
    this.#signed = signed;
  }

  async verify(token: string, nowMs: number, defer: Defer): Promise<Answer> {
    // Our own secrets are no bearer tokens, and nobody else's to see.
    const isOwn = looksLikeOwnSecret(token);
    const issuer = isOwn ? undefined : this.#issuers.find((one) => token.startsWith(one.tokenPrefix));
    if (issuer === undefined || looksSigned(token)) return this.#signed.verify(token, nowMs, defer);
    if (token.length > MAX_TOKEN_CHARACTERS) return err("token_malformed");
    const digest = await sha256Base64url(token);
    const held = this.#answers.get(digest);
    if (held !== undefined && nowMs < held.untilMs) return held.answer;
    return this.#ask(token, digest, issuer, nowMs, defer);
  }

  #ask(token: string, digest: string, issuer: IntrospectingIssuer, nowMs: number, defer: Defer): Promise<Answer> {
    const running = this.#running.get(digest);
    if (running !== undefined && nowMs - running.startedMs < STUCK_MS) return running.done;
    if (this.#running.size >= MAX_RUNNING) this.#forgetStuck(nowMs);
    if (this.#running.size >= MAX_RUNNING) throw new Outage("introspection", { cause: "busy" });
    const asking = { done: this.#introspect(token, digest, issuer, nowMs), startedMs: nowMs };
    this.#running.set(digest, asking);
    const forget = () => {
      if (this.#running.get(digest) === asking) this.#running.delete(digest);
    };
    defer(asking.done.then(forget, forget));
    return asking.done;
  }

  #forgetStuck(nowMs: number): void {
    for (const [digest, { startedMs }] of this.#running) {
      if (nowMs - startedMs >= STUCK_MS) this.#running.delete(digest);
    }
  }

  async #introspect(token: string, digest: string, issuer: IntrospectingIssuer, nowMs: number): Promise<Answer> {
    const read = readAnswer(await question(token, issuer), issuer, digest, nowMs);
    const untilMs = read.ok
      ? Math.min(nowMs + issuer.cacheMs, read.value.claims.expSeconds * 1000)
      : nowMs + Math.min(NEGATIVE_MS, issuer.cacheMs);
    const answer = read.ok ? ok({ ...read.value, standing: { counts: (atMs: number) => atMs < untilMs } }) : read;
    this.#answers.set(digest, { answer, untilMs }, bytesOf(answer));
    return answer;
  }
}

function bytesOf(answer: Answer): number {
  if (!answer.ok) return ANSWER_BYTES;
  const { sub, clientId, jti, aud, scopes, roles } = answer.value.claims;
  return ANSWER_BYTES + heldBytes([sub, clientId, jti, ...aud]) + heldBytes(scopes) + heldBytes(roles);
}

/** Three parts, or the beginning of a JOSE header: a JWS or JWE, whoever made it. */
function looksSigned(token: string): boolean {
  return token.startsWith("eyJ") || token.split(".", 4).length === 3;
}

/** Asks the issuer (RFC 7662 §2.1). Throws `Outage`: also where our own credentials are refused. */
function question(token: string, issuer: IntrospectingIssuer): Promise<unknown> {
  const { url, clientId, clientSecret, authMethod, deadlineMs, reach } = issuer;
  const body = new URLSearchParams({ token, token_type_hint: "access_token" });
  const headers = new Headers({ "content-type": "application/x-www-form-urlencoded" });
  if (authMethod === "client_secret_basic") headers.set("authorization", basicCredentials(clientId, clientSecret));
  else
    for (const [name, value] of Object.entries({ client_id: clientId, client_secret: clientSecret }))
      body.set(name, value);
  const types = ["application/json"];
  const bounds = { dependency: "introspection", deadlineMs, maxBytes: MAX_BYTES, types, reach };
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
): Result<Omit<SignedAccessToken, "standing">, SignatureFault> {
  if (!isJsonObject(answer) || typeof answer.active !== "boolean") {
    throw new Outage("introspection", { cause: "no introspection answer" });
  }
  if (!answer.active) return err("token_inactive");
  const { iss = issuer, iat = Math.floor(nowMs / 1000) } = answer;
  if (iss !== issuer) return err("token_issuer_wrong");
  const claims = readForeignClaims({ ...answer, iss, iat }, reading);
  if (!claims.ok) return claims;
  const jti = claims.value.jti === "" ? `sha256:${digest.slice(0, 22)}` : claims.value.jti;
  return ok({ claims: { ...claims.value, jti }, kid: "" });
}
