import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redeemCode } from "../../../src/protocol/grant_code.ts";
import { generationOf, refreshGrant } from "../../../src/protocol/grant_refresh.ts";
import { type GrantState, type GrantTransition, issueCode, revoke } from "../../../src/protocol/grant_state.ts";
import { ACCESS_MS, CLIENT, codeIssue, OTHER_CLIENT, redemptionOf } from "../../support/grants.ts";

/** Short, so that random walks meet every end. */
const LIFETIMES = {
  codeMs: 60,
  refreshIdleMs: 200,
  refreshAbsoluteMs: 500,
  codeRetryMs: 5,
  refreshRetryMs: 10,
  onReuse: "user",
} as const;
const ISSUE = codeIssue();
const GARBAGE = "never-issued";

type Action =
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "revoke" }
  | {
      readonly do: "redeem";
      readonly secret: "right" | "wrong";
      readonly client: "own" | "other";
      readonly verifier: string;
      readonly queuedMs: number;
    }
  | {
      readonly do: "refresh";
      /** How long the request waits before the account looks at it, while others come. */
      readonly queuedMs: number;
      /** How many generations before the newest; none for garbage. */
      readonly back: number | null;
      readonly client: "own" | "other";
      readonly narrowing: string;
    };

/** Mostly none, and at times more than any window holds. */
const queuedMs = fc.constantFrom(0, 0, 0, 1, 4, 12, 60);

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 40 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: "revoke" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("redeem" as const),
      secret: fc.constantFrom("right" as const, "right" as const, "wrong" as const),
      client: fc.constantFrom("own" as const, "own" as const, "own" as const, "other" as const),
      verifier: fc.constantFrom("challenge", "challenge", "challenge", "other"),
      queuedMs,
    }),
  },
  {
    weight: 24,
    arbitrary: fc.record({
      do: fc.constant("refresh" as const),
      back: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 1, 2, null),
      client: fc.constantFrom("own" as const, "own" as const, "own" as const, "own" as const, "other" as const),
      narrowing: fc.constantFrom("", "", "", "openid"),
      queuedMs,
    }),
  },
);

const HONEST_REDEMPTION: Action = {
  do: "redeem",
  secret: "right",
  client: "own",
  verifier: "challenge",
  queuedMs: 0,
};

/** One grant and what was handed out of it, as its holders would know. */
class World {
  state: GrantState = issueCode(ISSUE, LIFETIMES, ACCESS_MS, 0);
  nowMs = 0;
  /** Every refresh secret that was ever handed out, the newest last. */
  readonly handedOut: string[] = [];
  readonly successorOf = new Map<string, string>();
  readonly spent = new Set<string>();
  redemptions = 0;
  grants = 0;
  #redeemTries = 0;

  refresh(hash: string, client = CLIENT, narrowing = "", queuedMs = 0): GrantTransition {
    const presented = {
      grantId: ISSUE.grantId,
      presentedHash: hash,
      successorHash: `${hash}+`,
      clientId: client,
      dpopThumbprint: null,
      narrowing,
      holdings: null,
    };
    const generation = generationOf(this.state, hash, (one) => this.spent.has(one));
    return refreshGrant(this.state, presented, generation, this.nowMs, this.nowMs + queuedMs);
  }

  redeem(changes: Parameters<typeof redemptionOf>[1] = {}, queuedMs = 0): GrantTransition {
    this.#redeemTries += 1;
    return redeemCode(
      this.state,
      redemptionOf(ISSUE, { refreshHash: `r${this.#redeemTries}`, ...changes }),
      this.nowMs,
      this.nowMs + queuedMs,
    );
  }

  act(step: Action): void {
    if (step.do === "wait") this.nowMs += step.ms;
    else if (step.do === "revoke") this.state = revoke(this.state, this.nowMs);
    else if (step.do === "redeem") this.#actRedeem(step);
    else this.#actRefresh(step);
  }

  #actRedeem({ secret, client, verifier, queuedMs }: Extract<Action, { do: "redeem" }>): void {
    const before = this.state;
    const redemption = {
      codeHash: secret === "right" ? ISSUE.codeHash : GARBAGE,
      clientId: client === "own" ? CLIENT : OTHER_CLIENT,
      verifierChallenge: verifier,
    };
    const { state, step } = this.redeem(redemption, queuedMs);
    this.state = state;
    if (secret === "wrong") expect(state, "garbage changes nothing").toBe(before);
    if (step.kind === "refused") {
      this.#afterRefusal(before, step.ended);
      return;
    }
    this.redemptions += 1;
    this.grants += 1;
    this.handedOut.push(state.refresh?.currentHash ?? "");
    expect([client, secret, verifier]).toEqual(["own", "right", "challenge"]);
  }

  #actRefresh({ back, client, narrowing, queuedMs }: Extract<Action, { do: "refresh" }>): void {
    const before = this.state;
    const hash = (back === null ? undefined : this.handedOut.at(-1 - back)) ?? GARBAGE;
    const { state, step } = this.refresh(hash, client === "own" ? CLIENT : OTHER_CLIENT, narrowing, queuedMs);
    this.state = state;
    if (hash === GARBAGE || client === "other") expect(state, "garbage changes nothing").toBe(before);
    if (step.kind === "refused") {
      this.#afterRefusal(before, step.ended);
      return;
    }
    this.grants += 1;
    const successor = state.refresh?.currentHash ?? "";
    expect(successor, "a retry gives an equal answer").toBe(this.successorOf.get(hash) ?? successor);
    expect(step.retried).toBe(this.successorOf.has(hash));
    if (step.retried) expect(state).toBe(before);
    else this.handedOut.push(successor);
    this.successorOf.set(hash, successor);
    this.spent.add(hash);
  }

  #afterRefusal(before: GrantState, ended: "nothing" | "grant" | "user"): void {
    if (ended === "nothing") expect(this.state).toBe(before);
    else expect(this.state.revokedAtMs).toBe(this.nowMs);
  }

  check(before: GrantState): void {
    const answers = [...this.handedOut, GARBAGE].map((hash) => this.refresh(hash).step);
    const fresh = answers.filter((step) => step.kind === "granted" && !step.retried);
    expect(fresh.length, "at most one live successor").toBeLessThanOrEqual(1);
    expect(this.redemptions, "a code answers once").toBeLessThanOrEqual(1);
    const isOver = this.state.revokedAtMs !== null || this.nowMs >= this.state.endsAtMs;
    if (isOver) {
      expect(answers.filter(({ kind }) => kind === "granted")).toEqual([]);
      expect(this.redeem().step.kind, "revoked means revoked, and an end is an end").toBe("refused");
    }
    if (before.revokedAtMs !== null) expect(this.state.revokedAtMs).toBe(before.revokedAtMs);
  }
}

describe("over any interleaving of redeem, refresh, retry, reuse, revoke and expire", () => {
  it("there is at most one live successor, revoked means revoked, retries are equal, garbage changes nothing", () => {
    const met = { redeemed: 0, chained: 0, ended: 0 };
    fc.assert(
      fc.property(fc.boolean(), fc.array(action, { minLength: 1, maxLength: 40 }), (isRedeemed, steps) => {
        const world = new World();
        if (isRedeemed) world.act(HONEST_REDEMPTION);
        for (const step of steps) {
          const before = world.state;
          world.act(step);
          world.check(before);
        }
        met.redeemed += world.redemptions;
        met.chained += world.handedOut.length > 2 ? 1 : 0;
        met.ended += world.state.revokedAtMs === null ? 0 : 1;
      }),
      { numRuns: 2_000 },
    );
    // Walks that never get anywhere would prove nothing.
    expect(Math.min(met.redeemed, met.chained, met.ended)).toBeGreaterThan(100);
  });

  it("an honest client that repeats each lost answer in time, however long we were about it, is never taken for a thief", () => {
    const lostAnswers = fc.array(
      fc.record({
        waitMs: fc.integer({ min: 0, max: 100 }),
        queuedMs: fc.integer({ min: 0, max: 60 }),
        // Before the spend, while the first request still waits, and up to the end of the window behind it.
        repeatsAfterMs: fc.array(fc.integer({ min: -60, max: LIFETIMES.refreshRetryMs - 1 }), { maxLength: 5 }),
      }),
    );
    fc.assert(
      fc.property(lostAnswers, (rounds) => {
        const world = new World();
        world.act(HONEST_REDEMPTION);
        for (const { waitMs, queuedMs, repeatsAfterMs } of rounds) {
          world.act({ do: "wait", ms: waitMs });
          const own = { do: "refresh", client: "own", narrowing: "" } as const;
          const hadEnded = world.nowMs >= world.state.endsAtMs;
          world.act({ ...own, back: 0, queuedMs });
          const spentAtMs = world.nowMs + queuedMs;
          for (const afterMs of repeatsAfterMs) {
            world.nowMs = Math.max(world.nowMs, spentAtMs + afterMs);
            world.act({ ...own, back: hadEnded ? 0 : 1, queuedMs });
          }
        }
        expect(world.state.revokedAtMs).toBeNull();
        const tries = rounds.reduce((sum, { repeatsAfterMs }) => sum + 1 + repeatsAfterMs.length, 1);
        if (world.nowMs < world.state.endsAtMs) expect(world.grants).toBe(tries);
      }),
    );
  });
});
