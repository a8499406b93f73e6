import { platformRandom } from "../../src/kernel/random.ts";
import type { DeviceStart, DeviceVerdict } from "../../src/protocol/device_authorization.ts";
import { newGrantId, newUserId } from "../../src/protocol/ids.ts";
import { CLIENT } from "./grants.ts";

export const LIFE_MS = 600_000;
export const INTERVAL_MS = 5_000;

/** A device of `CLIENT` that asks at time `nowMs`. */
export function deviceStart(nowMs: number, changes: Partial<DeviceStart> = {}): DeviceStart {
  return {
    clientId: CLIENT,
    codeHash: "the hash",
    scopes: ["openid", "orders:read"],
    resource: null,
    endsAtMs: nowMs + LIFE_MS,
    intervalMs: INTERVAL_MS,
    ...changes,
  };
}

/** The right code from the right client. */
export const PRESENTED = { codeHash: "the hash", clientId: CLIENT };

export function approval(): Extract<DeviceVerdict, { kind: "approved" }> {
  return { kind: "approved", user: newUserId(platformRandom), grantId: newGrantId(platformRandom) };
}

export function denial(): DeviceVerdict {
  return { kind: "denied", user: newUserId(platformRandom) };
}
