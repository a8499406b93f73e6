import type { Counter, CounterState } from "./counter.ts";
import { twentieth } from "./quota.ts";
import { bucketAt, bucketScale } from "./token_bucket.ts";

/**
 * `counter` with a little more taken than was. Kept in its place, it covers the next grants without another write, and
 * to recover it after a crash gives nothing back: what was not granted of it is lost, at most a twentieth of the limit.
 */
export function ahead(counter: Counter): Counter {
  switch (counter.algorithm) {
    case "fixed": {
      const { limit } = counter.policy;
      const { window, used } = counter.state;
      const taken = Math.max(used, Math.min(limit, used + twentieth(counter.policy)));
      return { ...counter, state: { window, used: taken } };
    }
    case "bucket": {
      const units = twentieth(counter.policy) * bucketScale(counter.policy).unitsPerToken;
      const level = Math.min(counter.state.level, Math.max(0, counter.state.level - units));
      return { ...counter, state: { atMs: counter.state.atMs, level } };
    }
  }
}

/** Whether recovering `kept` in the place of `counter` would give nothing back. */
export function covers(kept: CounterState | undefined, counter: Counter): boolean {
  switch (counter.algorithm) {
    case "fixed":
      return kept?.algorithm === "fixed" && kept.window === counter.state.window && kept.used >= counter.state.used;
    case "bucket": {
      if (kept?.algorithm !== "bucket") return false;
      return bucketAt(counter.policy, kept, counter.state.atMs).level <= counter.state.level;
    }
  }
}
