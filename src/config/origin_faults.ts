import { isLoopbackHost } from "../kernel/loopback.ts";
import { outboundUrlFault } from "../policy/outbound_url.ts";
import type { ConfigFault } from "./fault.ts";
import type { Config, OriginConfig } from "./schema.ts";

/** What is wrong with the origins in themselves. */
export function originFaults({ origins, issuer }: Config): ConfigFault[] {
  const loopback = isLoopbackHost(new URL(issuer.url).hostname);
  return Object.entries(origins).flatMap(([name, origin]) => [
    ...retryFaults(origin, `origins.${name}.retries`),
    ...onwardFaults(origin, `origins.${name}`, loopback),
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

function onwardFaults({ onward, url }: OriginConfig, path: string, loopback: boolean): ConfigFault[] {
  if (onward === undefined) return [];
  const faults: ConfigFault[] = [];
  const fault = outboundUrlFault(onward.tokenUrl, { loopback });
  if (fault !== null) faults.push({ path: `${path}.onward.tokenUrl`, reason: `is not called: ${fault}` });
  const { protocol, hostname } = new URL(url);
  if (protocol !== "https:" && !(loopback && isLoopbackHost(hostname))) {
    faults.push({ path: `${path}.url`, reason: "must be https where a token is sent to it (RFC 6750 §5.3)" });
  }
  return faults;
}
