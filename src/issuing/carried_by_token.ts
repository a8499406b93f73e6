import { type Carried, carriedAt, type Holdings } from "../protocol/holdings.ts";

/** Tokens count in whole seconds: what ends sooner than that is not carried, or a token would outlive it. */
const LEAST_MS = 1_000;

/** What a token minted at `nowMs` carries of `holdings`, and how long it may live for their sake, in milliseconds. */
export function carriedByToken(holdings: Holdings, nowMs: number): Carried & { readonly leftMs: number } {
  // Its second began up to a second ago, and its end is counted from there.
  const secondMs = nowMs - (nowMs % 1_000);
  const carried = carriedAt(holdings, secondMs + LEAST_MS - 1);
  return { ...carried, leftMs: (carried.endsAtMs ?? Number.POSITIVE_INFINITY) - secondMs };
}
