import { afterEach, beforeEach, vi } from "vitest";

/** What the platform's stand-in sets itself: how long it waits for what goes on behind an answer. */
const PLATFORM_MS = 20_000;

interface Timer {
  readonly ms: number;
  readonly ring: () => void;
}

/** The deadlines of a test, none of which is ever waited for. */
export interface Deadlines {
  /**
   * Somebody waits for what will never come: the deadline that was set last rings, for it is the one that was set for this call.
   * Given to `breakable`.
   */
  readonly ring: () => void;
  /** How long a caller would have waited at the first such call: the shortest of the deadlines that stood over it, in milliseconds. */
  readonly firstMs: number | null;
  /** Calls that nobody had set a deadline for. */
  readonly unbounded: number;
  /** Begins to count anew. */
  readonly begin: () => void;
  /** `work`, whose pauses are over at once. For work behind an answer, which waits for nothing else that takes time. */
  readonly hurried: (work: Promise<void>) => Promise<void>;
}

/** Watches every timer that is set during a test, so that a silent dependency costs no time. */
export function watchDeadlines(): Deadlines {
  const pending = new Map<unknown, Timer>();
  let firstMs: number | null = null;
  let unbounded = 0;
  const begin = () => {
    pending.clear();
    firstMs = null;
    unbounded = 0;
  };
  beforeEach(() => {
    begin();
    const { setTimeout: set, clearTimeout: clear } = globalThis;
    const watchedSet = (work: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      const id = set(() => {
        pending.delete(id);
        work(...args);
      }, ms);
      pending.set(id, { ms, ring: () => work(...args) });
      return id;
    };
    const watchedClear = (id: Parameters<typeof clear>[0]) => {
      pending.delete(id);
      clear(id);
    };
    vi.spyOn(globalThis, "setTimeout").mockImplementation(watchedSet as unknown as typeof setTimeout);
    vi.spyOn(globalThis, "clearTimeout").mockImplementation(watchedClear as unknown as typeof clearTimeout);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  return {
    begin,
    async hurried(work) {
      let isDone = false;
      const done = work.finally(() => {
        isDone = true;
      });
      while (!isDone) {
        await scheduler.wait(1);
        for (const [id, { ms, ring }] of [...pending]) {
          if (ms >= PLATFORM_MS) continue;
          pending.delete(id);
          ring();
        }
      }
      await done;
    },
    ring() {
      const last = [...pending].at(-1);
      if (last === undefined) {
        unbounded += 1;
        return;
      }
      firstMs ??= Math.min(...[...pending.values()].map(({ ms }) => ms));
      pending.delete(last[0]);
      // After the caller has begun to wait.
      queueMicrotask(last[1].ring);
    },
    get firstMs() {
      return firstMs;
    },
    get unbounded() {
      return unbounded;
    },
  };
}
