import { DurableObject } from "cloudflare:workers";
import type { DeviceAuthorizationObject, DeviceRequest } from "../ports/device_authorizations.ts";
import {
  beginDevice,
  type DevicePresentation,
  type DeviceStart,
  type DeviceState,
  type DeviceStep,
  type DeviceTransition,
  type DeviceVerdict,
  decideDevice,
  pollDevice,
  redeemDevice,
  rememberDeviceUntilMs,
} from "../protocol/device_authorization.ts";

const STATE = "device";

/** What is told of a name behind which there is nothing: who has a code of ours for it comes after its end. */
const GONE: DeviceStep = { kind: "expired" };

/**
 * The Durable Object of one device authorization, named by the digest of its user code. Each call reads, decides and writes
 * without a pause, and the runtime holds the answer back until the write is durable: one decision, one redemption. It
 * deletes itself when nobody can come any more; a look at one that never was writes nothing.
 */
export class DeviceAuthorization extends DurableObject implements DeviceAuthorizationObject {
  /** As long as anything is stored the code is taken: two devices with one code would let a person approve the wrong one. */
  async begin(start: DeviceStart): Promise<"begun" | "conflict"> {
    if (this.#state() !== undefined) return "conflict";
    this.#save(beginDevice(start));
    await this.ctx.storage.setAlarm(rememberDeviceUntilMs(start));
    return "begun";
  }

  async find(nowMs: number): Promise<DeviceRequest | null> {
    const state = this.#state();
    if (state === undefined || nowMs >= state.endsAtMs) return null;
    const { clientId, codeHash, scopes, resource, askedAtMs, endsAtMs, verdict } = state;
    return { clientId, codeHash, scopes, resource, ...(askedAtMs !== undefined && { askedAtMs }), endsAtMs, verdict };
  }

  async decide(verdict: DeviceVerdict, nowMs: number): Promise<DeviceVerdict | null> {
    const before = this.#state();
    if (before === undefined || nowMs >= before.endsAtMs) return null;
    const after = decideDevice(before, verdict, nowMs);
    if (after !== before) this.#save(after);
    return after.verdict;
  }

  async poll(presented: DevicePresentation, nowMs: number): Promise<DeviceStep> {
    return this.#present((state) => pollDevice(state, presented, nowMs));
  }

  async redeem(presented: DevicePresentation, nowMs: number): Promise<DeviceStep> {
    return this.#present((state) => redeemDevice(state, presented, nowMs));
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }

  #present(transition: (state: DeviceState) => DeviceTransition): DeviceStep {
    const before = this.#state();
    if (before === undefined) return GONE;
    const { state, step } = transition(before);
    if (state !== before) this.#save(state);
    return step;
  }

  #state(): DeviceState | undefined {
    return this.ctx.storage.kv.get<DeviceState>(STATE);
  }

  #save(state: DeviceState): void {
    this.ctx.storage.kv.put(STATE, state);
  }
}
