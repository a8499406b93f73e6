import { sha256Base64url } from "../kernel/bytes.ts";
import { heldBytes } from "../kernel/held_bytes.ts";
import { Lru } from "../kernel/lru.ts";
import { Outage } from "../kernel/outage.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { SharedReadings } from "../kernel/shared_readings.ts";
import type { AccessTokenVerifier, SignatureFault, SignedAccessToken } from "../ports/access_tokens.ts";
import type { Defer } from "../ports/edge_feed.ts";
import { carriedBytes } from "../protocol/holdings.ts";
import { looksLikeOwnSecret } from "../protocol/opaque_token.ts";
import type { Introspection } from "./introspection.ts";

type Answer = Result<SignedAccessToken, SignatureFault>;

const MAX_TOKEN_CHARACTERS = 4_096;
/** Questions on their way to one issuer at once, per isolate: one that is slow takes nobody else's. */
const MAX_RUNNING = 64;
const NEGATIVE_MS = 10_000;
/** What an answer takes beside the names in it. */
const ANSWER_BYTES = 768;

/** An issuer, and the questions that are on their way to it. */
interface Asked {
  readonly introspection: Introspection;
  readonly running: SharedReadings<Answer>;
}

/**
 * Proves opaque tokens by asking their issuer, and leaves to `signed` whatever looks like a JWT. An answer is believed for a
 * while and never past the token's end; negative ones briefly. Whoever asks about the same token waits for one answer.
 */
export class OpaqueAccessTokens implements AccessTokenVerifier {
  readonly #issuers: readonly Asked[];
  readonly #signed: AccessTokenVerifier;
  readonly #answers = new Lru<{ readonly answer: Answer; readonly untilMs: number }>({
    maxEntries: 4_000,
    maxBytes: 4 * 1024 * 1024,
  });

  constructor(issuers: readonly Introspection[], signed: AccessTokenVerifier) {
    this.#issuers = issuers.map((introspection) => ({ introspection, running: new SharedReadings(MAX_RUNNING) }));
    this.#signed = signed;
  }

  async verify(token: string, nowMs: number, defer: Defer): Promise<Answer> {
    // Our own secrets are no bearer tokens, and nobody else's to see.
    const asked = looksLikeOwnSecret(token) ? undefined : this.#askedAbout(token);
    if (asked === undefined || looksSigned(token)) return this.#signed.verify(token, nowMs, defer);
    if (token.length > MAX_TOKEN_CHARACTERS) return err("token_malformed");
    const digest = await sha256Base64url(token);
    const held = this.#answers.get(digest);
    if (held !== undefined && nowMs < held.untilMs) return held.answer;
    const { introspection, running } = asked;
    const read = () => this.#introspect(token, digest, introspection, nowMs);
    const answer = running.joinIfRoom(digest, nowMs, defer, read);
    if (answer === null) throw new Outage("introspection", { cause: "busy" });
    return answer;
  }

  #askedAbout(token: string): Asked | undefined {
    return this.#issuers.find(({ introspection }) => token.startsWith(introspection.issuer.tokenPrefix));
  }

  async #introspect(token: string, digest: string, introspection: Introspection, nowMs: number): Promise<Answer> {
    const read = await introspection.ask(token, digest, nowMs);
    const { cacheMs } = introspection.issuer;
    const untilMs = read.ok
      ? Math.min(nowMs + cacheMs, read.value.claims.expSeconds * 1000)
      : nowMs + Math.min(NEGATIVE_MS, cacheMs);
    const answer = read.ok ? ok({ ...read.value, standing: { counts: (atMs: number) => atMs < untilMs } }) : read;
    this.#answers.set(digest, { answer, untilMs }, bytesOf(answer));
    return answer;
  }
}

function bytesOf(answer: Answer): number {
  if (!answer.ok) return ANSWER_BYTES;
  const { sub, clientId, jti, aud, scopes, roles } = answer.value.claims;
  return (
    ANSWER_BYTES +
    heldBytes([sub, clientId, jti, ...aud]) +
    heldBytes(scopes) +
    heldBytes(roles) +
    carriedBytes(answer.value.claims)
  );
}

/** Three parts, or the beginning of a JOSE header: a JWS or JWE, whoever made it. */
function looksSigned(token: string): boolean {
  return token.startsWith("eyJ") || token.split(".", 4).length === 3;
}
