import type { ClientId, GrantId, UserId } from "./ids.ts";

/**
 * One device authorization (RFC 8628) as plain data: a device asks, a person decides once, the device collects once. Owns
 * what may follow what. Refuses secrets: it knows the hash of one. Times in Unix milliseconds.
 */
export interface DeviceState {
  readonly clientId: ClientId;
  /** SHA-256 of the secret in the `device_code`, as base64url. */
  readonly codeHash: string;
  readonly scopes: readonly string[];
  /** The API as it was named; null for the issuer's endpoints and the default API. */
  readonly resource: string | null;
  /** When the device asked; absent in what was kept before that was noted. */
  readonly askedAtMs?: number;
  readonly endsAtMs: number;
  /** How long to wait between polls, as of now. It only ever grows. */
  readonly intervalMs: number;
  readonly polledAtMs: number | null;
  /** Null while nobody has decided. */
  readonly verdict: DeviceVerdict | null;
  readonly redeemed: boolean;
}

/** What a device asks for. */
export type DeviceStart = Pick<
  DeviceState,
  "clientId" | "codeHash" | "scopes" | "resource" | "askedAtMs" | "endsAtMs" | "intervalMs"
>;

/** What a person said. `grantId`: the grant that waits in that user's account to be collected. */
export type DeviceVerdict =
  | { readonly kind: "approved"; readonly user: UserId; readonly grantId: GrantId }
  | { readonly kind: "denied"; readonly user: UserId };

/** A device code as it is presented. The client is proven already. */
export interface DevicePresentation {
  readonly codeHash: string;
  readonly clientId: ClientId;
}

/** Why a device code gives nothing and never will: fixed words for logs. */
export type DeviceRefusal = "device_code_unknown" | "device_code_of_another_client" | "device_code_spent";

/** What a device is told (RFC 8628 §3.5). */
export type DeviceStep =
  | { readonly kind: "pending" | "slow_down" | "denied" | "expired" }
  | {
      readonly kind: "approved";
      readonly user: UserId;
      readonly grantId: GrantId;
      readonly scopes: readonly string[];
      readonly resource: string | null;
    }
  | { readonly kind: "refused"; readonly reason: DeviceRefusal };

/** A step and the state after it; the same object where nothing changed. */
export interface DeviceTransition {
  readonly state: DeviceState;
  readonly step: DeviceStep;
}

/** RFC 8628 §3.5: what `slow_down` adds, for this and every later poll. */
const SLOWER_MS = 5_000;
/** Whoever is early by less does not hurry: timers of devices and clocks of isolates differ by as much. */
const SLACK_MS = 500;
/** A device that comes after the end is told that it is late; after that, nothing is known of it. */
const REMEMBER_MS = 10 * 60_000;

/** A device authorization that nobody has decided on. */
export function beginDevice(start: DeviceStart): DeviceState {
  return { ...start, polledAtMs: null, verdict: null, redeemed: false };
}

/**
 * A person's word. The first one stands: whoever decides later, or too late, changes nothing, and sees in the state what
 * stands.
 */
export function decideDevice(state: DeviceState, verdict: DeviceVerdict, nowMs: number): DeviceState {
  return state.verdict === null && nowMs < state.endsAtMs ? { ...state, verdict } : state;
}

/**
 * A poll (RFC 8628 §3.4, §3.5). It spends nothing. Only whoever holds the code, as the client that it was issued to, is told
 * anything, or can make that client slow down. Being early matters while there is nothing to collect, and not after.
 */
export function pollDevice(state: DeviceState, presented: DevicePresentation, nowMs: number): DeviceTransition {
  const step = standing(state, presented, nowMs);
  if (step.kind !== "pending") return { state, step };
  const { polledAtMs, intervalMs } = state;
  const isEarly = polledAtMs !== null && nowMs - polledAtMs < intervalMs - SLACK_MS;
  // Clocks of two isolates may differ: the later time counts.
  const polled = { ...state, polledAtMs: Math.max(nowMs, polledAtMs ?? nowMs) };
  if (!isEarly) return { state: polled, step };
  return { state: { ...polled, intervalMs: intervalMs + SLOWER_MS }, step: { kind: "slow_down" } };
}

/** Spends an approved code. Of all callers ever, one is answered `approved`. */
export function redeemDevice(state: DeviceState, presented: DevicePresentation, nowMs: number): DeviceTransition {
  const step = standing(state, presented, nowMs);
  return { state: step.kind === "approved" ? { ...state, redeemed: true } : state, step };
}

/** Until when the object behind the user code is kept, and its name given to no other device. */
export function rememberDeviceUntilMs({ endsAtMs }: Pick<DeviceState, "endsAtMs">): number {
  return endsAtMs + REMEMBER_MS;
}

/** What a device that presents this is to hear, whatever its pace. */
function standing(state: DeviceState, presented: DevicePresentation, nowMs: number): DeviceStep {
  if (presented.codeHash !== state.codeHash) return { kind: "refused", reason: "device_code_unknown" };
  if (presented.clientId !== state.clientId) return { kind: "refused", reason: "device_code_of_another_client" };
  if (state.redeemed) return { kind: "refused", reason: "device_code_spent" };
  const { verdict, scopes, resource } = state;
  if (verdict?.kind === "denied") return { kind: "denied" };
  if (nowMs >= state.endsAtMs) return { kind: "expired" };
  if (verdict === null) return { kind: "pending" };
  return { kind: "approved", user: verdict.user, grantId: verdict.grantId, scopes, resource };
}
