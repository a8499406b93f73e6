import { outboundUrlFault } from "../../policy/outbound_url.ts";
import type { ConfigFault } from "../fault.ts";
import type { Config } from "../schema.ts";
import { outboundReach } from "./trusted_issuer.ts";

/** What is wrong with the names of the issuer and its APIs: each has one meaning, and none is another's. */
export function identifierFaults({ issuer, gateway }: Config): ConfigFault[] {
  const faults: ConfigFault[] = [];
  // An API that is named like the issuer would take tokens meant for the issuer alone, the admin API's among them.
  const clashes = [gateway.resource, ...issuer.apis.map((api) => api.resource)].includes(issuer.url);
  if (clashes) faults.push({ path: "issuer.url", reason: "is also the resource of an API: they must differ" });
  for (const [index, api] of issuer.apis.entries()) {
    const first = issuer.apis.findIndex((other) => other.resource === api.resource);
    if (first !== index) faults.push({ path: `issuer.apis[${index}].resource`, reason: "is declared twice" });
  }
  return faults;
}

/** What is wrong with the intake of leaked keys. */
export function secretScanningFaults({ issuer, gateway }: Config): ConfigFault[] {
  if (issuer.secretScanning === null) return [];
  const fault = outboundUrlFault(issuer.secretScanning.keysUrl, outboundReach(gateway));
  return fault === null ? [] : [{ path: "issuer.secretScanning.keysUrl", reason: `is not called: ${fault}` }];
}
