import { heldBytes } from "../kernel/held_bytes.ts";
import { Lru } from "../kernel/lru.ts";
import { SharedReadings } from "../kernel/shared_readings.ts";
import type { Defer, RevocationView } from "../ports/edge_feed.ts";
import type { SessionProof, SessionStanding } from "../ports/issuer_reader.ts";
import { NO_ATTRIBUTES } from "../protocol/attribute_values.ts";
import { carriedAt, carriedBytes } from "../protocol/holdings.ts";
import { answerEndsAtMs } from "../protocol/session_state.ts";
import type { CredentialEntry } from "./credential_entry.ts";
import { describedBy } from "./described.ts";

/** A browser session that the issuer vouched for, in this isolate. */
export interface CachedSession extends CredentialEntry {
  readonly standing: SessionStanding;
}

/** What a session may do at the gate. */
export interface SessionRights {
  readonly issuer: string;
  readonly scopes: readonly string[];
}

/** The client that principals of sessions are told to have: no registered one is called so. */
export const SESSION_CLIENT = "session";

const ABSENT_MS = 30_000;
const ENTRY_BYTES = 2_048;
const ABSENT_BYTES = 128;

interface Held {
  readonly session: CachedSession;
  readonly askedAtMs: number;
  /** From here on the issuer is asked again behind a call, and from there on before it. */
  readonly renewAtMs: number;
  readonly endsAtMs: number;
}

/**
 * Sessions for which cookies were exchanged at the issuer, for a minute at the most: the short internal token of which nothing ever
 * leaves. Kept under the cookie's locator and the digest of its secret, so that nothing in here opens anything. Sessions that do not
 * exist are remembered apart, so that made-up ones cannot push out real ones.
 */
export class SessionCache {
  readonly #ask: (proof: SessionProof) => Promise<SessionStanding | null>;
  readonly #rights: SessionRights;
  readonly #held = new Lru<Held>({ maxEntries: 8_000, maxBytes: 4 * 1024 * 1024 });
  readonly #absent = new Lru<number>({ maxEntries: 10_000, maxBytes: 1024 * 1024 });
  readonly #asking = new SharedReadings<CachedSession | null>();

  /** `ask` is the exchange; it throws `Outage`. */
  constructor(ask: (proof: SessionProof) => Promise<SessionStanding | null>, rights: SessionRights) {
    this.#ask = ask;
    this.#rights = rights;
  }

  /** Whether `proof` was looked up here before: it was proven then, or an answer to it costs nothing. */
  knows(proof: SessionProof, nowMs: number): boolean {
    const name = nameOf(proof);
    return this.#held.get(name) !== undefined || this.#isAbsent(name, nowMs);
  }

  /** The live session of `proof`, or null where it is over or never was. Throws `Outage`: what cannot be asked is not alive. */
  async find(proof: SessionProof, nowMs: number, view: RevocationView, defer: Defer): Promise<CachedSession | null> {
    const name = nameOf(proof);
    const held = this.#held.get(name);
    if (held !== undefined && nowMs >= held.askedAtMs && nowMs < held.endsAtMs && isCurrent(held.session, view)) {
      if (nowMs >= held.renewAtMs) defer(this.#exchange(name, proof, nowMs, defer).catch(() => undefined));
      return held.session;
    }
    if (held === undefined && this.#isAbsent(name, nowMs)) return null;
    const session = await this.#exchange(name, proof, nowMs, defer);
    // An exchange that others began may be older than what ended the session.
    return session !== null && isCurrent(session, view) ? session : null;
  }

  #isAbsent(name: string, nowMs: number): boolean {
    const atMs = this.#absent.get(name);
    return atMs !== undefined && Math.abs(nowMs - atMs) <= ABSENT_MS;
  }

  /** One exchange per cookie, shared by all that wait. */
  #exchange(name: string, proof: SessionProof, nowMs: number, defer: Defer): Promise<CachedSession | null> {
    return this.#asking.join(name, nowMs, defer, () => this.#load(name, proof, nowMs));
  }

  async #load(name: string, proof: SessionProof, nowMs: number): Promise<CachedSession | null> {
    const standing = await this.#ask(proof);
    if (standing === null || standing.endsAtMs <= nowMs) {
      this.#held.delete(name);
      this.#absent.set(name, nowMs, ABSENT_BYTES + 2 * name.length);
      return null;
    }
    const session = cachedSession(standing, this.#rights, nowMs);
    // With the first of its roles that ends: the issuer is asked again then.
    const endsAtMs = Math.min(
      answerEndsAtMs(standing.endsAtMs, nowMs),
      session.rolesEndAtMs ?? Number.POSITIVE_INFINITY,
    );
    const renewAtMs = nowMs + (endsAtMs - nowMs) / 2;
    const names = heldBytes(standing.roles) + 2 * carriedBytes(session.principal);
    const bytes = ENTRY_BYTES + 2 * name.length + names;
    this.#held.set(name, { session, askedAtMs: nowMs, renewAtMs, endsAtMs }, bytes);
    return session;
  }
}

/** Whether nothing that the edge feed tells came after what was answered. */
function isCurrent({ standing }: CachedSession, view: RevocationView): boolean {
  const isOver = view.leastEpoch("session", standing.sessionId) > 0;
  return !isOver && view.leastEpoch("user", standing.userId) <= standing.userEpoch;
}

function nameOf({ sealed, secretHash }: SessionProof): string {
  return `${sealed}.${secretHash}`;
}

function cachedSession(
  standing: SessionStanding,
  { issuer, scopes }: SessionRights,
  nowMs: number,
): CachedSession & { readonly rolesEndAtMs: number | null } {
  const { assignments = [], attributes = NO_ATTRIBUTES } = standing;
  const carried = carriedAt({ roles: standing.roles, assignments, attributes }, nowMs);
  const { roles, endsAtMs: rolesEndAtMs } = carried;
  const { sessionId, userId, authTimeMs, amr, acr, endsAtMs } = standing;
  return {
    standing,
    principal: {
      v: 1,
      kind: "user",
      id: userId,
      issuer,
      clientId: SESSION_CLIENT,
      scopes,
      roles,
      ...describedBy(carried),
    },
    credentialId: sessionId,
    expiresAtMs: Math.min(endsAtMs, rolesEndAtMs ?? Number.POSITIVE_INFINITY),
    rolesEndAtMs,
    isSession: true,
    signIn: { authTimeSeconds: Math.floor(authTimeMs / 1000), amr, acr },
    identities: new Map(),
  };
}
