import type {
  DevicePresentation,
  DeviceStart,
  DeviceState,
  DeviceStep,
  DeviceVerdict,
} from "../protocol/device_authorization.ts";

/** What a person is asked about, and what was decided already. */
export type DeviceRequest = Pick<
  DeviceState,
  "clientId" | "codeHash" | "scopes" | "resource" | "askedAtMs" | "endsAtMs" | "verdict"
>;

/**
 * Device authorizations, each in a place of its own whose name is a keyed digest of its user code: whoever reads storage finds
 * no code to type. Throws `Outage`.
 */
export interface DeviceAuthorizations {
  /** `conflict`: this user code is another device's, or was a moment ago. Draw another. */
  begin(name: string, start: DeviceStart): Promise<"begun" | "conflict">;
  /** What the device behind `name` asks for; null where there is none, or its time is over. Changes nothing. */
  find(name: string, nowMs: number): Promise<DeviceRequest | null>;
  /** Decides, unless somebody did. The verdict that stands; null where there is none, or its time is over. */
  decide(name: string, verdict: DeviceVerdict, nowMs: number): Promise<DeviceVerdict | null>;
  /** What the device is told. Spends nothing. */
  poll(name: string, presented: DevicePresentation, nowMs: number): Promise<DeviceStep>;
  /** Spends the code where it is approved: of all callers ever, one is answered `approved`. */
  redeem(name: string, presented: DevicePresentation, nowMs: number): Promise<DeviceStep>;
}

/** One device authorization's object, over RPC. */
export interface DeviceAuthorizationObject {
  begin(start: DeviceStart): Promise<"begun" | "conflict">;
  find(nowMs: number): Promise<DeviceRequest | null>;
  decide(verdict: DeviceVerdict, nowMs: number): Promise<DeviceVerdict | null>;
  poll(presented: DevicePresentation, nowMs: number): Promise<DeviceStep>;
  redeem(presented: DevicePresentation, nowMs: number): Promise<DeviceStep>;
}
