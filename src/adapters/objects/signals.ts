import { sha256Base64url } from "../../kernel/bytes.ts";
import { orOutage } from "../../kernel/outage.ts";
import type { Observation, RaisedSignal, SignalRules } from "../../limits/signals.ts";
import type { SignalStore, SignalsObject } from "../../ports/signals.ts";

const DEPENDENCY = "signals";
const BEHIND_MS = 5_000;
const WAITING_MS = 250;

/** An object by its name. */
export interface SignalsObjects {
  getByName(name: string): SignalsObject;
}

/** Signals in Durable Objects, one for each principal, which its digest names. Each call makes its own stub. */
export class DurableObjectSignals implements SignalStore {
  readonly #objects: () => SignalsObjects;
  readonly #rules: SignalRules;
  readonly #forgetAfterMs: number;

  constructor(objects: () => SignalsObjects, rules: SignalRules, forgetAfterMs: number) {
    this.#objects = objects;
    this.#rules = rules;
    this.#forgetAfterMs = forgetAfterMs;
  }

  observe(subject: string, seen: Observation): Promise<readonly RaisedSignal[]> {
    return orOutage(DEPENDENCY, BEHIND_MS, async () => {
      const object = await this.#object(subject);
      return copied(await object.observe(seen, this.#rules, this.#forgetAfterMs));
    });
  }

  raised(subject: string): Promise<readonly RaisedSignal[]> {
    return orOutage(DEPENDENCY, WAITING_MS, async () => copied(await (await this.#object(subject)).raised()));
  }

  async #object(subject: string): Promise<SignalsObject> {
    return this.#objects().getByName(await sha256Base64url(`signals ${subject}`));
  }
}

/** Plain data that outlives the call: what an RPC answers belongs to the request that asked. */
function copied(raised: readonly RaisedSignal[]): readonly RaisedSignal[] {
  return raised.map((signal) => ({ ...signal }));
}
