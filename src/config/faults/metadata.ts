import { outboundUrlFault } from "../../policy/outbound_url.ts";
import { authzenSources } from "../authzen_sources.ts";
import type { ConfigFault } from "../fault.ts";
import type { Config } from "../schema.ts";
import { outboundReach } from "./trusted_issuer.ts";

/** What is wrong with the origins that are asked about their resources. */
export function metadataFaults(config: Config): ConfigFault[] {
  const { policy, gateway, routes } = config;
  if (policy === undefined) return [];
  const reach = outboundReach(gateway);
  const used = new Set([...routes.flatMap(({ resource }) => resource?.metadata ?? []), ...authzenSources(config)]);
  return Object.entries(policy.metadata).flatMap(([name, { url, type, attributes = [] }]) => {
    const path = `policy.metadata.${name}`;
    const faults: ConfigFault[] = used.has(name) ? [] : [{ path, reason: "is used by no route" }];
    const declared = Object.hasOwn(policy.resources, type) ? policy.resources[type] : undefined;
    if (declared === undefined)
      faults.push({ path: `${path}.type`, reason: `\`${type}\` is not among policy.resources` });
    for (const [at, attribute] of attributes.entries()) {
      if (declared !== undefined && !Object.hasOwn(declared.attributes, attribute)) {
        faults.push({ path: `${path}.attributes[${at}]`, reason: `\`${attribute}\` is no attribute of \`${type}\`` });
      }
    }
    if (declared !== undefined && Object.keys(declared.attributes).length === 0) {
      faults.push({ path: `${path}.type`, reason: `\`${type}\` has no attributes that could be told` });
    }
    return [...faults, ...urlFaults(url, (tried) => outboundUrlFault(tried, reach), `${path}.url`)];
  });
}

/** The id is one segment of the path or one value of the query: never a part of the host, and never beside other text. */
function urlFaults(url: string, faultOf: (url: string) => string | null, path: string): ConfigFault[] {
  const parts = url.split("{id}");
  const isOnce =
    parts.length === 2 &&
    /^https?:\/\/[^/?#{}]+(?:\/(?:[^?#{}]*\/)?|\/[^?#{}]*\?(?:[^#{}]*&)?[^#&={}]+=)$/.test(parts[0] ?? "");
  const endsWell = parts[1] !== undefined && /^(?:$|[/?&])[^#{}]*$/.test(parts[1]);
  if (!isOnce || !endsWell) {
    return [{ path, reason: "must have `{id}` once, as a segment of the path or a value of the query" }];
  }
  const fault = faultOf(url.replace("{id}", "1"));
  return fault === null ? [] : [{ path, reason: `is not called: ${fault}` }];
}
