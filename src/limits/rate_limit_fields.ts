import type { LimitPolicy, LimitState, LimitVerdict } from "./limit.ts";
import { quota } from "./quota.ts";

/** What a response says of its limits. */
export interface RateLimitFields {
  /** Field names and values. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Seconds for `Retry-After`: until every limit that denied can grant again; null where granted. */
  readonly retryAfterSeconds: number | null;
}

interface Line {
  readonly policy: LimitPolicy;
  readonly state: LimitState;
}

/** RFC 9651 §3.3.1: an Integer has at most 15 digits. */
const MAX_INTEGER = 999_999_999_999_999;

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10 §3 and §4), and the older
 * `RateLimit-Limit`, `-Remaining` and `-Reset` in seconds, which have room for the tightest policy alone. `policies`
 * are those of the demands, in their order. No fields where there is no limit. Where policies share a name the tightest
 * stands for it, for a client could not tell them apart. Throws `RangeError` for a name that is not printable ASCII.
 */
export function rateLimitFields(verdict: LimitVerdict, policies: readonly LimitPolicy[]): RateLimitFields {
  const lines = verdict.limits.flatMap((state, index): Line[] => {
    const policy = policies[index];
    return policy === undefined ? [] : [{ policy, state }];
  });
  const byTightness = lines.toSorted(compareTightness);
  const [tightest] = byTightness;
  if (tightest === undefined) return { fields: [], retryAfterSeconds: null };
  const named = lines.filter((line) => byTightness.find((other) => other.policy.name === line.policy.name) === line);
  return {
    fields: [
      ["RateLimit-Policy", named.map(policyItem).join(", ")],
      ["RateLimit", named.map(limitItem).join(", ")],
      ["RateLimit-Limit", structuredInteger(quota(tightest.policy))],
      ["RateLimit-Remaining", structuredInteger(tightest.state.remaining)],
      ["RateLimit-Reset", structuredInteger(tightest.state.resetSeconds)],
    ],
    retryAfterSeconds: verdict.granted
      ? null
      : Math.max(1, ...lines.filter(({ state }) => !state.granted).map(({ state }) => state.resetSeconds)),
  };
}

/** Denying before granting; then the longest wait among those that deny, the least left of its quota among the rest. */
function compareTightness(a: Line, b: Line): number {
  if (a.state.granted !== b.state.granted) return a.state.granted ? 1 : -1;
  const wait = b.state.resetSeconds - a.state.resetSeconds;
  if (!a.state.granted) return wait;
  return a.state.remaining / quota(a.policy) - b.state.remaining / quota(b.policy) || wait;
}

/** For a bucket: the seconds that refill all of it, so that quota over window is its pace (never more). */
function windowSeconds(policy: LimitPolicy): number {
  if (policy.algorithm === "fixed") return policy.windowSeconds;
  return (policy.burst * policy.intervalSeconds) / policy.refill;
}

function policyItem({ policy }: Line): string {
  const window = structuredInteger(Math.ceil(windowSeconds(policy)));
  return `${structuredString(policy.name)};q=${structuredInteger(quota(policy))};w=${window}`;
}

function limitItem({ policy, state }: Line): string {
  const remaining = structuredInteger(state.remaining);
  return `${structuredString(policy.name)};r=${remaining};t=${structuredInteger(state.resetSeconds)}`;
}

/** RFC 9651 §4.1.4. */
function structuredInteger(value: number): string {
  if (!Number.isInteger(value) || Math.abs(value) > MAX_INTEGER) throw new RangeError("not a structured integer");
  return String(value);
}

/** RFC 9651 §4.1.6. What it cannot carry is refused, for a line break would forge a field. */
function structuredString(text: string): string {
  if (!/^[\x20-\x7e]*$/.test(text)) throw new RangeError("a policy's name must be printable ASCII");
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
