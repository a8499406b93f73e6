/**
 * When to stop asking something that keeps failing. Owns the phases of a circuit breaker as plain data; refuses to know what
 * is asked and what counts as a failure. A result that comes in after the phase in which its call was let through has ended
 * changes nothing: it speaks of the past.
 */
export interface BreakerSettings {
  /** Opens when at least this share of the calls in the window failed, in percent. */
  readonly failurePercent: number;
  /** Of fewer calls in the window nothing is concluded. */
  readonly minCalls: number;
  readonly windowMs: number;
  /** How long nothing passes once it is open. */
  readonly openMs: number;
  /** How many calls try it out after that. All have to succeed. */
  readonly probes: number;
}

/** A part of the window: so many calls, so many of them failed. */
interface Slice {
  readonly index: number;
  readonly calls: number;
  readonly failures: number;
}

/** What a breaker remembers. `era` counts its phases. */
export type BreakerState =
  | { readonly phase: "closed"; readonly era: number; readonly slices: readonly Slice[] }
  | { readonly phase: "open"; readonly era: number; readonly untilMs: number }
  | {
      readonly phase: "half_open";
      readonly era: number;
      readonly sinceMs: number;
      readonly admitted: number;
      readonly passed: number;
    };

export type BreakerPhase = BreakerState["phase"];

/** `era` goes with the call, and comes back with what became of it. */
export type BreakerVerdict =
  | { readonly admitted: true; readonly era: number }
  | { readonly admitted: false; readonly retryAfterMs: number };

/** What became of a call; `unknown` where it says nothing of the one that was asked. */
export type CallOutcome = "success" | "failure" | "unknown";

/** The window slides in steps of a tenth of it: it covers at least nine tenths, at most all of its length. */
const SLICES = 10;

export const NEW_BREAKER: BreakerState = { phase: "closed", era: 0, slices: [] };

/** Whether a call may pass at `nowMs`, and the breaker after that. */
export function admitCall(
  state: BreakerState,
  settings: BreakerSettings,
  nowMs: number,
): { readonly state: BreakerState; readonly verdict: BreakerVerdict } {
  switch (state.phase) {
    case "closed":
      return { state, verdict: { admitted: true, era: state.era } };
    case "open":
      return nowMs >= state.untilMs ? firstProbe(state, nowMs) : refuse(state, state.untilMs, settings, nowMs);
    case "half_open": {
      if (state.admitted < settings.probes) {
        const next = { ...state, admitted: state.admitted + 1 };
        return { state: next, verdict: { admitted: true, era: state.era } };
      }
      // Whoever made a probe may be gone without a word: then others try it out.
      const untilMs = state.sinceMs + settings.openMs;
      return nowMs >= untilMs ? firstProbe(state, nowMs) : refuse(state, untilMs, settings, nowMs);
    }
  }
}

/** The breaker once the call that was admitted in `era` has ended as `outcome`. */
export function recordCall(
  state: BreakerState,
  settings: BreakerSettings,
  era: number,
  outcome: CallOutcome,
  nowMs: number,
): BreakerState {
  if (era !== state.era || state.phase === "open") return state;
  if (state.phase === "closed") return outcome === "unknown" ? state : count(state, settings, outcome, nowMs);
  switch (outcome) {
    case "unknown":
      return { ...state, admitted: state.admitted - 1 };
    case "failure":
      return open(state, settings, nowMs);
    case "success": {
      const passed = state.passed + 1;
      return passed < settings.probes ? { ...state, passed } : { phase: "closed", era: era + 1, slices: [] };
    }
  }
}

function firstProbe({ era }: BreakerState, nowMs: number): ReturnType<typeof admitCall> {
  const state = { phase: "half_open", era: era + 1, sinceMs: nowMs, admitted: 1, passed: 0 } as const;
  return { state, verdict: { admitted: true, era: state.era } };
}

function refuse(state: BreakerState, untilMs: number, { openMs }: BreakerSettings, nowMs: number) {
  return { state, verdict: { admitted: false, retryAfterMs: Math.min(openMs, untilMs - nowMs) } } as const;
}

function open({ era }: BreakerState, { openMs }: BreakerSettings, nowMs: number): BreakerState {
  return { phase: "open", era: era + 1, untilMs: nowMs + openMs };
}

function count(
  state: Extract<BreakerState, { phase: "closed" }>,
  settings: BreakerSettings,
  outcome: "success" | "failure",
  nowMs: number,
): BreakerState {
  const newest = state.slices.at(-1)?.index ?? 0;
  // A clock that steps back goes on counting where it was.
  const index = Math.max(newest, Math.floor((nowMs * SLICES) / settings.windowMs));
  const kept = state.slices.filter((slice) => slice.index > index - SLICES);
  const last = kept.at(-1)?.index === index ? kept.pop() : undefined;
  const failed = outcome === "failure" ? 1 : 0;
  const slices = [...kept, { index, calls: (last?.calls ?? 0) + 1, failures: (last?.failures ?? 0) + failed }];
  const calls = slices.reduce((sum, slice) => sum + slice.calls, 0);
  const failures = slices.reduce((sum, slice) => sum + slice.failures, 0);
  const isTooMuch = calls >= settings.minCalls && failures * 100 >= settings.failurePercent * calls;
  return failed === 1 && isTooMuch ? open(state, settings, nowMs) : { ...state, slices };
}
