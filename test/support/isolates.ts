import { LeasedLimiter } from "../../src/adapters/leased_limiter.ts";
import { MemoryLimiter } from "../../src/adapters/memory_limiter.ts";
import type { LimitDemand, LimitVerdict } from "../../src/limits/limit.ts";
import type { Limiter } from "../../src/ports/limiter.ts";

/** A shared limiter whose answers arrive when a test lets them: each call is counted at once and answered later. */
export class SlowWire implements Limiter {
  readonly #counters = new MemoryLimiter();
  readonly #answers: (() => void)[] = [];
  /** Calls so far. */
  calls = 0;

  take(demands: readonly LimitDemand[], nowMs: number): Promise<LimitVerdict> {
    return this.#later(this.#counters.take(demands, nowMs));
  }

  charge(demands: readonly LimitDemand[], nowMs: number): Promise<void> {
    return this.#later(this.#counters.charge(demands, nowMs));
  }

  /** Answers that are on their way. */
  get waiting(): number {
    return this.#answers.length;
  }

  /** Lets the `index`-th of them arrive (counted round), and all that follows from it happen. */
  async deliver(index: number): Promise<void> {
    const [arrive] = this.#answers.splice(index % Math.max(1, this.#answers.length), 1);
    arrive?.();
    await settle();
  }

  #later<T>(answer: Promise<T>): Promise<T> {
    this.calls += 1;
    return new Promise((resolve, reject) => this.#answers.push(() => void answer.then(resolve, reject)));
  }
}

/** Lets everything happen that waits for no answer. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await null;
}

/** An isolate of its own on `shared`, whose clock is `now`. */
export function isolateOn(shared: Limiter, now: () => number): LeasedLimiter {
  return new LeasedLimiter(shared, { deadlineMs: 60_000, defer: (work) => void work.catch(() => undefined), now });
}
