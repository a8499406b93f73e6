import { waitOnExecutionContext } from "cloudflare:test";
import { afterEach } from "vitest";

/** Calls that wait for an answer from something that is silent. */
const waiting: (() => void)[] = [];
const listeners = new Set<() => void>();
/** For what else goes on at the same time as a call that is never answered. */
const GRACE_MS = 50;

// A call left waiting would keep what waits for it from ending after its test.
afterEach(endSilences);

/** A call that gets no answer while its test runs. */
export function silence(): Promise<never> {
  for (const hear of listeners) hear();
  return new Promise((_, reject) => {
    waiting.push(() => reject(new Error("the test is over")));
  });
}

/** Ends the calls that were left without an answer. */
export function endSilences(): void {
  for (const giveUp of waiting.splice(0)) giveUp();
}

/** Runs `act`, and waits for what it left behind in `ctx`, unless that waits for something silent itself. */
export async function withWhatIsBehind<T>(ctx: ExecutionContext, act: () => Promise<T>): Promise<T> {
  const { promise: fellSilent, resolve: hear } = Promise.withResolvers<void>();
  listeners.add(hear);
  try {
    const outcome = await act();
    await Promise.race([waitOnExecutionContext(ctx), fellSilent.then(() => scheduler.wait(GRACE_MS))]);
    return outcome;
  } finally {
    listeners.delete(hear);
  }
}
