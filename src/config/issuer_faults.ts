import type { ConfigFault } from "./fault.ts";
import type { Config } from "./schema.ts";

/** What is wrong with the names of issuers and APIs: each has one meaning, and none is another's. */
export function identifierFaults({ issuer, gateway }: Config): ConfigFault[] {
  const faults: ConfigFault[] = [];
  // An API that is named like the issuer would take tokens meant for the issuer alone, the admin API's among them.
  const clashes = [gateway.resource, ...issuer.apis.map((api) => api.resource)].includes(issuer.url);
  if (clashes) faults.push({ path: "issuer.url", reason: "is also the resource of an API: they must differ" });
  for (const [index, api] of issuer.apis.entries()) {
    const first = issuer.apis.findIndex((other) => other.resource === api.resource);
    if (first !== index) faults.push({ path: `issuer.apis[${index}].resource`, reason: "is declared twice" });
  }
  for (const [index, trusted] of gateway.trustedIssuers.entries()) {
    const path = `gateway.trustedIssuers[${index}]`;
    const first = gateway.trustedIssuers.findIndex((other) => other.issuer === trusted.issuer);
    if (first !== index) faults.push({ path: `${path}.issuer`, reason: "is declared twice" });
    const isOwn = trusted.issuer === issuer.url;
    if (isOwn !== (trusted.keys === "ring")) {
      faults.push({ path: `${path}.keys`, reason: `must ${isOwn ? "" : "not "}be \`ring\` for this issuer` });
    }
    const own = issuer.apis.find((api) => api.resource === (trusted.audience ?? gateway.resource));
    if (isOwn && own !== undefined && !trusted.algorithms.includes(own.algorithm)) {
      faults.push({ path: `${path}.algorithms`, reason: `lacks ${own.algorithm}, which signs this API's tokens` });
    }
    if (isOwn && trusted.audience === issuer.url) {
      faults.push({ path: `${path}.audience`, reason: "names the issuer, whose tokens are for itself alone" });
    }
  }
  return faults;
}
