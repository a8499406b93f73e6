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
export async function orOutage<T>(dependency: string, deadlineMs: number, work: () => Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Outage(dependency, { cause: "deadline" })), deadlineMs);
  });
  try {
    return await Promise.race([work(), late]);
  } catch (cause) {
    throw cause instanceof Outage ? cause : new Outage(dependency, { cause });
  } finally {
    if (timer !== undefined) clearTimeout(timer);
  }
}
