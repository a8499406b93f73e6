import { DurableObject } from "cloudflare:workers";
import {
  live,
  type Observation,
  observe,
  type PrincipalState,
  type RaisedSignal,
  type SignalRules,
} from "../limits/signals.ts";
import type { SignalsObject } from "../ports/signals.ts";

const STATE = "state";
const FORGET_AT = "forget_at";

/**
 * What is ordinary for one principal, whose digest names the object. Owns storage and its end; the rules are `limits/signals.ts`. The
 * object's own clock decides. Whoever is not seen for long enough is forgotten, storage and all.
 */
export class Signals extends DurableObject implements SignalsObject {
  async observe(seen: Observation, rules: SignalRules, forgetAfterMs: number): Promise<readonly RaisedSignal[]> {
    const nowMs = Date.now();
    const state = observe(this.#state(), seen, rules, nowMs);
    this.ctx.storage.kv.put(STATE, state);
    this.ctx.storage.kv.put(FORGET_AT, nowMs + forgetAfterMs);
    // One alarm at a time, which looks when it rings: else each call would write one.
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(nowMs + forgetAfterMs);
    return state.raised;
  }

  async raised(): Promise<readonly RaisedSignal[]> {
    return live(this.#state()?.raised ?? [], Date.now());
  }

  override async alarm(): Promise<void> {
    const forgetAtMs = this.ctx.storage.kv.get<number>(FORGET_AT) ?? 0;
    if (forgetAtMs > Date.now()) return this.ctx.storage.setAlarm(forgetAtMs);
    return this.ctx.storage.deleteAll();
  }

  #state(): PrincipalState | null {
    return this.ctx.storage.kv.get<PrincipalState>(STATE) ?? null;
  }
}
