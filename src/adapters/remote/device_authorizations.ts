import { orOutage } from "../../kernel/outage.ts";
import type { DeviceAuthorizationObject, DeviceAuthorizations } from "../../ports/device_authorizations.ts";

const DEADLINE_MS = 5_000;

/** Device authorizations over RPC: `stub` makes one call's own stub of the object that `name` names. */
export function remoteDeviceAuthorizations(stub: (name: string) => DeviceAuthorizationObject): DeviceAuthorizations {
  const call = <T>(name: string, work: (object: DeviceAuthorizationObject) => Promise<T>) =>
    orOutage("devices", DEADLINE_MS, () => work(stub(name)));
  return {
    begin: (name, start) => call(name, (object) => object.begin(start)),
    find: (name, nowMs) => call(name, (object) => object.find(nowMs)),
    decide: (name, verdict, nowMs) => call(name, (object) => object.decide(verdict, nowMs)),
    poll: (name, presented, nowMs) => call(name, (object) => object.poll(presented, nowMs)),
    redeem: (name, presented, nowMs) => call(name, (object) => object.redeem(presented, nowMs)),
  };
}
