/**
 * A dependency could not answer: down, too slow, or talking nonsense. Thrown by adapters, never by rules.
 * Whoever catches it owes a decided answer; uncaught it becomes 503 with `Retry-After`, never an allow.
 */
export class Outage extends Error {
  override readonly name = "Outage";
  /** Which dependency failed, for logs: a fixed word such as `d1`, never data. */
  readonly dependency: string;

  constructor(dependency: string, options?: { cause?: unknown }) {
    super(`${dependency} is unavailable`, options);
    this.dependency = dependency;
  }
}

/** What a log says of `error` where servers of others have a part in it: in words of ours alone, for what they answer may hold anything. */
export function outageWords(error: unknown): string {
  return error instanceof Outage && typeof error.cause === "string" ? error.cause : "no answer";
}

/**
 * Runs `work` and turns any throw, or `deadlineMs` going by, into an `Outage` of `dependency`.
 * The work is not cancelled at the deadline: only the waiting ends.
 */
export function orOutage<T>(dependency: string, deadlineMs: number, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => reject(cause instanceof Outage ? cause : new Outage(dependency, { cause }));
    const timer = setTimeout(() => fail("deadline"), deadlineMs);
    // The deadline is over before whoever waits goes on, and asks the next one with a deadline of its own.
    started(work).then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (cause: unknown) => {
        clearTimeout(timer);
        fail(cause);
      },
    );
  });
}

/** `work`, begun. What it throws before its first pause fails it like any other fault. */
async function started<T>(work: () => Promise<T>): Promise<T> {
  return work();
}
