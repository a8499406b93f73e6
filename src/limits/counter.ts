import { chargeWindow, type FixedWindowState, msUntilWindowEnds, windowAt, windowRemaining } from "./fixed_window.ts";
import type { FixedWindowPolicy, LimitDemand, LimitPolicy, LimitState, TokenBucketPolicy } from "./limit.ts";
import { bucketAt, bucketRemaining, chargeBucket, msUntilTokens, type TokenBucketState } from "./token_bucket.ts";

/** One counter's memory, whichever algorithm keeps it. Plain data: stores keep it as it is. */
export type CounterState =
  | ({ readonly algorithm: "fixed" } & FixedWindowState)
  | ({ readonly algorithm: "bucket" } & TokenBucketState);

/** A policy with the memory that belongs to it. */
export type Counter =
  | { readonly algorithm: "fixed"; readonly policy: FixedWindowPolicy; readonly state: FixedWindowState }
  | { readonly algorithm: "bucket"; readonly policy: TokenBucketPolicy; readonly state: TokenBucketState };

/**
 * Which counter a demand hits. The pace is part of the name, for a count of one window length says nothing in another;
 * limit and burst are not, so that a published change of either applies to what is already used.
 */
export function counterKey({ subject, policy }: LimitDemand): string {
  switch (policy.algorithm) {
    case "fixed":
      return JSON.stringify([subject, policy.name, "fixed", policy.windowSeconds]);
    case "bucket":
      return JSON.stringify([subject, policy.name, "bucket", policy.refill, policy.intervalSeconds]);
  }
}

/** The counter of `policy` at `nowMs`, new where nothing (or another algorithm's memory) is kept. */
export function counterAt(policy: LimitPolicy, state: CounterState | undefined, nowMs: number): Counter {
  switch (policy.algorithm) {
    case "fixed": {
      const kept = state?.algorithm === "fixed" ? state : undefined;
      return { algorithm: "fixed", policy, state: windowAt(policy, kept, nowMs) };
    }
    case "bucket": {
      const kept = state?.algorithm === "bucket" ? state : undefined;
      return { algorithm: "bucket", policy, state: bucketAt(policy, kept, nowMs) };
    }
  }
}

/** `counter` charged with `cost`, or null where it has too little left. */
export function chargeCounter(counter: Counter, cost: number): Counter | null {
  switch (counter.algorithm) {
    case "fixed": {
      const state = chargeWindow(counter.policy, counter.state, cost);
      return state === null ? null : { ...counter, state };
    }
    case "bucket": {
      const state = chargeBucket(counter.policy, counter.state, cost);
      return state === null ? null : { ...counter, state };
    }
  }
}

/** What a store keeps of `counter`. */
export function counterState(counter: Counter): CounterState {
  switch (counter.algorithm) {
    case "fixed":
      return { algorithm: "fixed", window: counter.state.window, used: counter.state.used };
    case "bucket":
      return { algorithm: "bucket", atMs: counter.state.atMs, level: counter.state.level };
  }
}

/** Whether two memories are the same. */
export function equalStates(one: CounterState | undefined, other: CounterState | undefined): boolean {
  if (one?.algorithm === "fixed" && other?.algorithm === "fixed") {
    return one.window === other.window && one.used === other.used;
  }
  if (one?.algorithm === "bucket" && other?.algorithm === "bucket") {
    return one.atMs === other.atMs && one.level === other.level;
  }
  return one === other;
}

/** Milliseconds from `nowMs` until forgetting `counter` gives nothing back: it is as good as new by then. */
export function msUntilFresh(counter: Counter, nowMs: number): number {
  switch (counter.algorithm) {
    case "fixed":
      return msUntilWindowEnds(counter.policy, counter.state, nowMs);
    case "bucket":
      return msUntilTokens(counter.policy, counter.state, counter.policy.burst, nowMs);
  }
}

function remaining(counter: Counter): number {
  switch (counter.algorithm) {
    case "fixed":
      return windowRemaining(counter.policy, counter.state);
    case "bucket":
      return bucketRemaining(counter.policy, counter.state);
  }
}

/**
 * What a caller is told of `counter`. `lacking` is the cost that did not fit, null where nothing was refused; a cost
 * above the limit never fits, and its `resetSeconds` says only when the quota is whole.
 */
export function limitState(counter: Counter, nowMs: number, lacking: number | null): LimitState {
  const waitMs =
    counter.algorithm === "bucket" && lacking !== null
      ? msUntilTokens(counter.policy, counter.state, lacking, nowMs)
      : msUntilFresh(counter, nowMs);
  return {
    policy: counter.policy.name,
    granted: lacking === null,
    remaining: remaining(counter),
    resetSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
  };
}
