import { didYouMean } from "../../kernel/nearest.ts";
import { authzenRoutes, EVALUATE_SCOPE } from "../authzen_routes.ts";
import { authzenSources } from "../authzen_sources.ts";
import type { ConfigFault } from "../fault.ts";
import type { Config } from "../schema.ts";
import type { AuthzenConfig } from "../schemas/authzen.ts";
import type { PolicyConfig } from "../schemas/policy.ts";
import { limitUseFaults } from "./limit.ts";
import { transportFaults } from "./transport.ts";

const PATH = "gateway.authzen";

/** What is wrong with the API by which others ask: nothing to decide by, nobody who could ask, names of nothing, and settings without effect. */
export function authzenFaults(config: Config): ConfigFault[] {
  const { gateway, policy } = config;
  const { authzen } = gateway;
  if (authzen === undefined) return [];
  if (policy === undefined) return [{ path: PATH, reason: "needs `policy`: there is nothing to decide by" }];
  const [route] = authzenRoutes(config);
  return [
    ...scopeFaults(config),
    ...(route === undefined
      ? []
      : [...limitUseFaults(config, route, route.pattern, PATH), ...transportFaults(config, route, PATH)]),
    ...sourceFaults(config, policy),
    ...Object.entries(authzen.callers).flatMap(([id, caller]) => callerFaults(id, caller, policy)),
    ...(new Set(authzen.believes).size < authzen.believes.length
      ? [{ path: `${PATH}.believes`, reason: "names a fact twice" }]
      : []),
  ];
}

/** Of two that know one type nobody could tell which one is believed. */
function sourceFaults(config: Config, { metadata }: PolicyConfig): ConfigFault[] {
  const path = `${PATH}.metadata`;
  const types = new Set<string>();
  if (config.gateway.authzen?.metadata !== undefined && Object.keys(metadata).length === 0) {
    return [{ path, reason: "chooses among `policy.metadata`, and that has nobody" }];
  }
  return authzenSources(config).flatMap((name) => {
    const source = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
    if (source === undefined) return [{ path, reason: unknown(name, Object.keys(metadata), "policy.metadata") }];
    const isSecond = types.has(source.type);
    types.add(source.type);
    return isSecond ? [{ path, reason: `names two for \`${source.type}\`` }] : [];
  });
}

function scopeFaults({ issuer, gateway }: Config): ConfigFault[] {
  const at = issuer.apis.findIndex((api) => api.resource === gateway.resource);
  const own = issuer.apis[at];
  if (own === undefined || Object.hasOwn(own.scopes, EVALUATE_SCOPE)) return [];
  return [{ path: `issuer.apis[${at}].scopes`, reason: `lacks \`${EVALUATE_SCOPE}\`, which ${PATH} asks of callers` }];
}

function callerFaults(
  id: string,
  { resourceTypes, tenants, says }: AuthzenConfig["callers"][string],
  { resources, principal }: PolicyConfig,
): ConfigFault[] {
  const path = `${PATH}.callers.${id}`;
  const names = (
    given: readonly string[],
    known: Readonly<Record<string, unknown>>,
    of: string,
    at: string,
  ): ConfigFault[] =>
    given.flatMap((name, index) =>
      Object.hasOwn(known, name)
        ? []
        : [{ path: `${path}.${at}[${index}]`, reason: unknown(name, Object.keys(known), of) }],
    );
  const reached = Object.entries(resources).filter(([type]) => resourceTypes?.includes(type) ?? true);
  const faults = [
    ...names(resourceTypes ?? [], resources, "policy.resources", "resourceTypes"),
    ...names(says?.attributes ?? [], principal, "policy.principal", "says.attributes"),
  ];
  if (tenants !== undefined && reached.every(([, { tenant }]) => tenant === undefined)) {
    faults.push({ path: `${path}.tenants`, reason: "nothing that it may ask about has a `tenant`" });
  }
  const saysNothing = says !== undefined && says.roles.length + says.attributes.length === 0;
  if (saysNothing) faults.push({ path: `${path}.says`, reason: "says nothing" });
  if (resourceTypes === undefined && tenants === undefined && says === undefined) {
    faults.push({ path, reason: "settles nothing" });
  }
  return faults;
}

function unknown(name: string, known: readonly string[], of: string): string {
  return `\`${name}\` is not among ${of}${didYouMean(name, known)}`;
}
