import { DurableObject } from "cloudflare:workers";
import {
  budgetOf,
  countAttempt,
  failuresOf,
  forgetOld,
  forgive,
  isNew,
  type LockoutRules,
  msUntilFree,
  type NameState,
  NEW_NAME,
  nextForgetMs,
  recordTake,
  takeBack,
} from "../limits/lockout.ts";
import { type Spacing, takeSpaced } from "../limits/spaced.ts";
import type { CountedBy, GuessesObject, Pace } from "../ports/guesses_object.ts";

interface Taken {
  readonly atMs: readonly number[];
  readonly windowMs: number;
}

const NAME = "name";
const TAKEN = "taken";
/** Of a spaced budget: when everything of it is back, in Unix milliseconds. */
const FULL_AT = "full_at";
/** Isolates' clocks may differ by this much before something is forgotten too early. */
const GRACE_MS = 60_000;

/**
 * What is counted of one login name, one address or one other budget, whose keyed digest names the object. Owns storage and
 * its sweeping; the rules are `limits/lockout.ts`. Each call reads, decides and writes without a pause, and the
 * runtime holds the answer back until the write is durable: a crash forgets no failure that was answered for.
 */
export class Guesses extends DurableObject implements GuessesObject {
  async attempt(browser: string | null, onlyKnown: boolean, rules: LockoutRules, nowMs: number) {
    const before = this.#name();
    if (onlyKnown && !before.browsers.some(({ id }) => id === browser)) return { kind: "unknown_browser" } as const;
    const { state, verdict } = countAttempt(before, browser, rules, nowMs);
    if (verdict.kind === "counted") await this.#keep(NAME, state, nextForgetMs(state));
    return verdict;
  }

  async forgive(
    browser: string | null,
    newId: string | null,
    nowMs: number,
    others: "keep" | "forget" = "keep",
  ): Promise<CountedBy> {
    const before = this.#name();
    const state = forgive(before, browser, newId, nowMs, others);
    await this.#keep(NAME, state, isNew(state) ? nowMs : nextForgetMs(state));
    return budgetOf(before, browser, nowMs);
  }

  async takeBack(browser: string | null, rules: LockoutRules, nowMs: number): Promise<CountedBy> {
    const before = this.#name();
    const state = takeBack(before, browser, rules, nowMs);
    await this.#keep(NAME, state, isNew(state) ? nowMs : nextForgetMs(state));
    return budgetOf(before, browser, nowMs);
  }

  async take({ most, windowMs }: Pace, nowMs: number): Promise<{ readonly retryAfterMs: number } | null> {
    const taken = this.#taken();
    const waitMs = msUntilFree(taken.atMs, most, windowMs, nowMs);
    if (waitMs > 0) return { retryAfterMs: waitMs };
    const atMs = recordTake(taken.atMs, windowMs, nowMs);
    await this.#keep(TAKEN, { atMs, windowMs } satisfies Taken, nowMs + windowMs);
    return null;
  }

  async takeSpaced(spacing: Spacing, nowMs: number): Promise<{ readonly retryAfterMs: number } | null> {
    const { fullAtMs, retryAfterMs } = takeSpaced(this.#fullAtMs(), spacing, nowMs);
    if (retryAfterMs > 0) return { retryAfterMs };
    await this.#keep(FULL_AT, fullAtMs, fullAtMs);
    return null;
  }

  async knows(browser: string, nowMs: number): Promise<boolean> {
    return budgetOf(this.#name(), browser, nowMs) === "browser";
  }

  async failures(browser: string | null, nowMs: number): Promise<{ readonly count: number; readonly by: CountedBy }> {
    return failuresOf(this.#name(), browser, nowMs);
  }

  async taken(nowMs: number): Promise<number> {
    const { atMs, windowMs } = this.#taken();
    return atMs.filter((at) => at + windowMs > nowMs).length;
  }

  async giveBack(takenAtMs: number): Promise<void> {
    const taken = this.#taken();
    const at = taken.atMs.lastIndexOf(takenAtMs);
    if (at >= 0) this.ctx.storage.kv.put<Taken>(TAKEN, { ...taken, atMs: taken.atMs.toSpliced(at, 1) });
  }

  /** Forgets what is old, and all storage with the last of it, so that a name that nobody tries costs nothing. */
  override async alarm(): Promise<void> {
    const nowMs = Date.now() - GRACE_MS;
    const name = forgetOld(this.#name(), nowMs);
    const { atMs, windowMs } = this.#taken();
    const live = atMs.filter((at) => at + windowMs > nowMs);
    const fullAtMs = this.#fullAtMs();
    if (isNew(name) && live.length === 0 && fullAtMs <= nowMs) return this.ctx.storage.deleteAll();
    if (fullAtMs > nowMs) await this.#keep(FULL_AT, fullAtMs, fullAtMs);
    if (!isNew(name)) await this.#keep(NAME, name, nextForgetMs(name));
    if (live.length > 0)
      await this.#keep(TAKEN, { atMs: live, windowMs } satisfies Taken, Math.max(...live) + windowMs);
  }

  #name(): NameState {
    return this.ctx.storage.kv.get<NameState>(NAME) ?? NEW_NAME;
  }

  #taken(): Taken {
    return this.ctx.storage.kv.get<Taken>(TAKEN) ?? { atMs: [], windowMs: 0 };
  }

  #fullAtMs(): number {
    return this.ctx.storage.kv.get<number>(FULL_AT) ?? 0;
  }

  /** Stores before it waits: nothing comes between a decision and its record. One alarm is set at a time; it sets the next. */
  async #keep(key: string, value: NameState | Taken | number, forgetAtMs: number): Promise<void> {
    this.ctx.storage.kv.put(key, value);
    // By this object's clock too: a lifetime is a duration, and a caller's clock alone decides nothing of it.
    const atMs = Math.max(forgetAtMs, Date.now()) + GRACE_MS;
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(atMs);
  }
}
