import type { ConfigFault } from "../fault.ts";
import type { Config } from "../schema.ts";

/** Origins that may be called and that nothing in the configuration leads to: by a URL, or by a host that stands alone. */
export function outboundFaults({ gateway: { outboundOrigins, ...gateway }, ...config }: Config): ConfigFault[] {
  if (outboundOrigins.length === 0) return [];
  const named = new Set(hostsIn({ ...config, gateway }));
  return outboundOrigins.flatMap((origin, index) =>
    named.has(new URL(origin).host)
      ? []
      : [{ path: `gateway.outboundOrigins[${index}]`, reason: "is called by nothing" }],
  );
}

function hostsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [URL.canParse(value) ? new URL(value).host : "", value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(hostsIn) : [];
}
