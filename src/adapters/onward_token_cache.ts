import { err, ok, type Result } from "../kernel/result.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { OnwardFault, OnwardTokens } from "../ports/onward_tokens.ts";
import type { GrantedToken } from "../protocol/token_response.ts";

/** Renewed once so much of its life is over. */
const RENEW_AT = 0.8;
/** Not sent any more so shortly before its end: it has to arrive, at a server whose clock may be ahead. */
const MARGIN_MS = 5_000;
/** After a failure nobody is asked for so long. */
const FAILURE_PAUSE_MS = 3_000;
/** A token that was fetched so recently is not replaced because an origin refuses it. */
const RENEWAL_PAUSE_MS = 10_000;
/** A fetch that has not ended by then is given up: whoever began it may be gone. */
const STUCK_MS = 5_000;

interface HeldToken {
  readonly token: string;
  readonly fetchedAtMs: number;
  readonly renewAtMs: number;
  readonly endsAtMs: number;
}

type Outcome = Result<string, OnwardFault>;

/**
 * One origin's token in the memory of this isolate, and nowhere else. Fetched by whoever needs it first, one fetch at a time;
 * renewed behind a call before it ends. While that fails the old one serves to its end. A failure is remembered for
 * a moment, and an origin that refuses every token cannot make us fetch one for every call.
 */
export class OnwardTokenCache implements OnwardTokens {
  readonly #fetchToken: () => Promise<GrantedToken>;
  readonly #onFailure: (error: unknown) => void;
  #held: HeldToken | null = null;
  #fetching: { readonly done: Promise<Outcome>; readonly startedMs: number } | null = null;
  #failedAtMs = Number.NEGATIVE_INFINITY;

  /** `fetchToken` throws where there is none; `onFailure` is told of it, once each time. */
  constructor(fetchToken: () => Promise<GrantedToken>, onFailure: (error: unknown) => void) {
    this.#fetchToken = fetchToken;
    this.#onFailure = onFailure;
  }

  async token(nowMs: number, defer: Defer): Promise<Outcome> {
    const held = this.#usable(nowMs);
    if (held === null) return this.#mayFetch(nowMs) ? this.#fetch(nowMs, defer) : UNAVAILABLE;
    if (nowMs >= held.renewAtMs && this.#mayFetch(nowMs)) void this.#fetch(nowMs, defer);
    return ok(held.token);
  }

  async renew(refused: string, nowMs: number, defer: Defer): Promise<Outcome> {
    const held = this.#usable(nowMs);
    // Somebody else has renewed it while this call was under way.
    if (held !== null && held.token !== refused) return ok(held.token);
    const isNew = held !== null && nowMs - held.fetchedAtMs < RENEWAL_PAUSE_MS;
    if (isNew && this.#fetching === null) return REFUSED;
    const renewed = this.#mayFetch(nowMs) ? await this.#fetch(nowMs, defer) : UNAVAILABLE;
    return renewed.ok && renewed.value === refused ? REFUSED : renewed;
  }

  #usable(nowMs: number): HeldToken | null {
    return this.#held !== null && nowMs < this.#held.endsAtMs ? this.#held : null;
  }

  #mayFetch(nowMs: number): boolean {
    return this.#fetching !== null || Math.abs(nowMs - this.#failedAtMs) >= FAILURE_PAUSE_MS;
  }

  /** Shared by all who wait, and handed to the platform: whoever began it may hang up without ending it. Never throws. */
  #fetch(nowMs: number, defer: Defer): Promise<Outcome> {
    const running = this.#fetching;
    if (running !== null && nowMs - running.startedMs < STUCK_MS) return running.done;
    const fetching = { done: this.#replace(nowMs), startedMs: nowMs };
    this.#fetching = fetching;
    const forget = () => {
      if (this.#fetching === fetching) this.#fetching = null;
    };
    defer(fetching.done.then(forget));
    return fetching.done;
  }

  async #replace(nowMs: number): Promise<Outcome> {
    try {
      const { token, lifeSeconds } = await this.#fetchToken();
      // Its life began somewhere between the question and the answer: the question is the safe side.
      const lifeMs = lifeSeconds * 1000;
      const endsAtMs = nowMs + lifeMs - MARGIN_MS;
      this.#held = { token, fetchedAtMs: nowMs, renewAtMs: nowMs + lifeMs * RENEW_AT, endsAtMs };
      return ok(token);
    } catch (error) {
      this.#failedAtMs = nowMs;
      this.#onFailure(error);
      return UNAVAILABLE;
    }
  }
}

const UNAVAILABLE: Outcome = err("origin_credential_unavailable");
const REFUSED: Outcome = err("origin_credential_refused");
