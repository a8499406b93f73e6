import {
  admitCall,
  type BreakerPhase,
  type BreakerSettings,
  type BreakerState,
  type BreakerVerdict,
  type CallOutcome,
  NEW_BREAKER,
  recordCall,
} from "./breaker.ts";

/** A circuit breaker with its memory: of one thing that this isolate asks. */
export class Circuit {
  readonly #settings: BreakerSettings;
  readonly #changed: (phase: BreakerPhase) => void;
  #state: BreakerState = NEW_BREAKER;

  /** `changed` hears each phase once when it begins. */
  constructor(settings: BreakerSettings, changed: (phase: BreakerPhase) => void) {
    this.#settings = settings;
    this.#changed = changed;
  }

  /** Whether a call may be made at `nowMs`. */
  admit(nowMs: number): BreakerVerdict {
    const { state, verdict } = admitCall(this.#state, this.#settings, nowMs);
    this.#become(state);
    return verdict;
  }

  /** What became of the call that was admitted in `era`. */
  record(era: number, outcome: CallOutcome, nowMs: number): void {
    this.#become(recordCall(this.#state, this.#settings, era, outcome, nowMs));
  }

  #become(state: BreakerState): void {
    const before = this.#state.phase;
    this.#state = state;
    if (state.phase !== before) this.#changed(state.phase);
  }
}
