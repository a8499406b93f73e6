import { inTurns as askedInTurns } from "../../kernel/in_turns.ts";
import { Outage } from "../../kernel/outage.ts";
import type { Asking } from "./decision_point.ts";

/** Nobody waits longer for an answer, whatever has to be asked for it: what is under way then is awaited, and no more is begun. */
const WITHIN_MS = 10_000;

/** Throws `Outage` once the answer is late. */
export function notLate({ elapsedMs }: Asking): void {
  if (elapsedMs() > WITHIN_MS) throw new Outage("authzen", { cause: "deadline" });
}

/** What `ask` tells of each of `items`, in their order: a few are asked beside each other. Throws `Outage` where that takes too long. */
export function inTurns<T, R>(
  items: readonly T[],
  asking: Asking,
  ask: (item: T) => R | Promise<R>,
): Promise<readonly R[]> {
  return askedInTurns(items, ask, () => {
    notLate(asking);
    return false;
  });
}
