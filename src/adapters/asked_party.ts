import { Outage, outageWords } from "../kernel/outage.ts";
import type { BreakerPhase, BreakerSettings } from "../limits/breaker.ts";
import { Circuit } from "../limits/circuit.ts";
import { isRefusal } from "./bounded_json.ts";

/** Whoever waits for somebody who is down waits for nothing: after ten questions of which half failed nobody does for a while. */
const BREAKER: BreakerSettings = { failurePercent: 50, minCalls: 10, windowMs: 10_000, openMs: 5_000, probes: 1 };

/** Somebody whom callers of the gate have asked, and have a hand in the questions. */
export interface AskedPartyTerms {
  /** What an outage is called. */
  readonly dependency: string;
  /** Statuses that refuse whoever asks. The other ones of 400 to 499 may be about the question alone: nobody else is refused for it. */
  readonly refusals: readonly number[];
  /** Hears when it is left alone, tried out, and asked again. */
  readonly phase: (phase: BreakerPhase) => void;
  /** Hears why a question came to nothing. */
  readonly failed?: (cause: string) => void;
}

/** Asks one party of others, and leaves it alone while it keeps failing. */
export class AskedParty {
  readonly #terms: AskedPartyTerms;
  readonly #circuit: Circuit;

  constructor(terms: AskedPartyTerms) {
    this.#terms = terms;
    this.#circuit = new Circuit(BREAKER, terms.phase);
  }

  /**
   * What `question` comes to, which is asked at `nowMs` or not at all. Its failure says nothing of the party where the question is `suspect`: of somebody who
   * can make it fail. Throws what it throws, and `Outage` where nobody asks.
   */
  async ask<T>(nowMs: number, question: () => Promise<T>, suspect = false): Promise<T> {
    const { dependency, refusals, failed } = this.#terms;
    const verdict = this.#circuit.admit(nowMs);
    if (!verdict.admitted) throw new Outage(dependency, { cause: "breaker_open" });
    try {
      const answer = await question();
      this.#circuit.record(verdict.era, "success", Date.now());
      return answer;
    } catch (error) {
      const isTheirs = !suspect && !isRefusal(error, refusals);
      this.#circuit.record(verdict.era, isTheirs ? "failure" : "unknown", Date.now());
      failed?.(outageWords(error));
      throw error;
    }
  }
}
