import { isLoopbackHost } from "../../kernel/loopback.ts";
import { type OutboundReach, outboundUrlFault } from "../../policy/outbound_url.ts";
import type { ConfigFault } from "../fault.ts";
import type { Config, OriginConfig } from "../schema.ts";
import { outboundReach } from "./trusted_issuer.ts";

/** What is wrong with the origins in themselves. */
export function originFaults({ origins, gateway }: Config): ConfigFault[] {
  const reach = outboundReach(gateway);
  return Object.entries(origins).flatMap(([name, origin]) => [
    ...retryFaults(origin, `origins.${name}.retries`),
    ...onwardFaults(origin, `origins.${name}`, reach),
  ]);
}

function retryFaults({ retries, timeoutMs }: OriginConfig, path: string): ConfigFault[] {
  if (retries === undefined) return [];
  const faults: ConfigFault[] = [];
  if (retries.budgetPercent === 0 && retries.budgetPerSecond === 0) {
    faults.push({ path, reason: "earns nothing: `budgetPercent` and `budgetPerSecond` are both 0" });
  }
  if (retries.backoffMs > retries.maxBackoffMs) {
    faults.push({ path: `${path}.backoffMs`, reason: "must not be above `maxBackoffMs`" });
  }
  if (retries.backoffMs >= timeoutMs) {
    faults.push({ path: `${path}.backoffMs`, reason: "must lie below `timeoutMs`, which is over all attempts" });
  }
  return faults;
}

function onwardFaults({ onward, url }: OriginConfig, path: string, reach: OutboundReach): ConfigFault[] {
  if (onward === undefined) return [];
  const faults: ConfigFault[] = [];
  const fault = outboundUrlFault(onward.tokenUrl, reach);
  if (fault !== null) faults.push({ path: `${path}.onward.tokenUrl`, reason: `is not called: ${fault}` });
  const { protocol, hostname } = new URL(url);
  if (protocol !== "https:" && !(reach.loopback && isLoopbackHost(hostname))) {
    faults.push({ path: `${path}.url`, reason: "must be https where a token is sent to it (RFC 6750 §5.3)" });
  }
  return faults;
}
