import type { ConfigFault } from "../fault.ts";
import type { Config } from "../schema.ts";

/** What is wrong with how other proxies ask. */
export function forwardAuthFaults({ gateway }: Config): ConfigFault[] {
  if (gateway.forwardAuth === undefined) return [];
  const { secretBindings, address } = gateway.forwardAuth;
  const faults: ConfigFault[] = [];
  if (new Set(secretBindings).size < secretBindings.length) {
    faults.push({ path: "gateway.forwardAuth.secretBindings", reason: "names one secret twice" });
  }
  if (address.header === "x-real-ip" && address.hops !== 1) {
    faults.push({ path: "gateway.forwardAuth.address.hops", reason: "must be 1: `x-real-ip` is one address" });
  }
  return faults;
}
