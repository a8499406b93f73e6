import { didYouMean } from "../../kernel/nearest.ts";
import { outboundUrlFault } from "../../policy/outbound_url.ts";
import type { ConfigFault } from "../fault.ts";
import type { Config } from "../schema.ts";
import type { ExternalConfig } from "../schemas/external.ts";
import { outboundReach } from "./trusted_issuer.ts";

/** What is wrong with decision points of others: addresses that are not called, contradictions, and those that nothing asks. */
export function externalFaults({ policy, gateway }: Config): ConfigFault[] {
  if (policy === undefined) return [];
  const { external, resources } = policy;
  const uses = Object.entries(resources).flatMap(([type, { actions }]) =>
    Object.entries(actions).flatMap(([action, { external: name }]) =>
      name === undefined ? [] : [{ name, path: `policy.resources.${type}.actions.${action}.external` }],
    ),
  );
  const used = new Set(uses.map(({ name }) => name));
  return [
    ...uses.flatMap(({ name, path }) =>
      Object.hasOwn(external, name)
        ? []
        : [{ path, reason: `\`${name}\` is not among policy.external${didYouMean(name, Object.keys(external))}` }],
    ),
    ...Object.entries(external).flatMap(([name, settings]) => [
      ...(used.has(name) ? [] : [{ path: `policy.external.${name}`, reason: "has a say in no action" }]),
      ...settingFaults(settings, gateway, `policy.external.${name}`),
    ]),
  ];
}

function settingFaults(
  { url, tokenBinding, onward, tells }: ExternalConfig,
  gateway: Config["gateway"],
  path: string,
): ConfigFault[] {
  const reach = outboundReach(gateway);
  const called = (address: string, at: string) => {
    const fault = outboundUrlFault(address, reach);
    return fault === null ? [] : [{ path: `${path}.${at}`, reason: `is not called: ${fault}` }];
  };
  const faults = [...called(url, "url"), ...(onward === undefined ? [] : called(onward.tokenUrl, "onward.tokenUrl"))];
  if (tokenBinding !== undefined && onward !== undefined) {
    faults.push({ path: `${path}.onward`, reason: "is a second token beside `tokenBinding`" });
  }
  if (new Set(tells).size < tells.length) faults.push({ path: `${path}.tells`, reason: "names a fact twice" });
  return faults;
}
