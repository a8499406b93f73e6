import { vi } from "vitest";
import { AgedRevocations } from "../../src/adapters/aged_revocations.ts";
import type { FeedEntry, FeedPage, FeedPosition } from "../../src/protocol/edge_feed.ts";

export const T0 = 1_800_000_000_000;

/** One token's entry. */
export function entry(id: string, epoch = 1, untilMs = T0 + 3_600_000): FeedEntry {
  return { kind: "token", id, epoch, untilMs };
}

/** What one pull brings. */
export function page(seq: number, entries: readonly FeedEntry[], more = false, generation = "one"): FeedPage {
  return { position: { generation, seq }, entries, more };
}

/** A feed whose answers the test gives by hand, under vitest's fake timers. */
export function handFed() {
  const asked: { readonly position: FeedPosition; answer(page: FeedPage): void; fail(): void }[] = [];
  const deferred: Promise<unknown>[] = [];
  const revocations = new AgedRevocations({
    pull: (position) =>
      new Promise((resolve, reject) => {
        asked.push({ position, answer: resolve, fail: () => reject(new Error("down")) });
      }),
  });
  const view = (nowMs: number, toleratedAgeMs = 0) =>
    revocations.view(nowMs, (work) => void deferred.push(work), toleratedAgeMs);
  /** Answers the pull that runs, and lets what waits for it go on. */
  const answer = async (given: FeedPage) => {
    asked.at(-1)?.answer(given);
    await vi.advanceTimersByTimeAsync(0);
  };
  /** A feed that was pulled whole at `T0`. */
  const start = async (...entries: FeedEntry[]) => {
    const first = view(T0);
    await answer(page(entries.length, entries));
    return first;
  };
  return { asked, deferred, revocations, view, answer, start };
}
