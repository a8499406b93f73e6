import type { ExternalSay } from "./access/external_say.ts";
import { type IdentityMaker, signedIdentity } from "./access/identity.ts";
import { MetadataCache } from "./access/metadata_cache.ts";
import type { RouteAction, RouteMetadata } from "./access/route_action.ts";
import { OriginMetadata } from "./adapters/origin_metadata.ts";
import { logBreaker } from "./authorizer/breaker_log.ts";
import { actionPolicies } from "./compose_policy.ts";
import { composeRelationsOfCall } from "./compose_relations.ts";
import { decidesByBody, idPlaces } from "./config/action_faults.ts";
import type { PlaceConfig } from "./config/action_schema.ts";
import type { CompiledConfig } from "./config/compile.ts";
import { readPolicy } from "./config/policy_rules.ts";
import type { CompiledRoute } from "./config/route_faults.ts";
import { outboundReach } from "./config/trusted_issuer_faults.ts";
import { logFault } from "./http/log.ts";
import { parseJsonPointer } from "./kernel/json_pointer.ts";
import type { Kept } from "./kernel/kept.ts";
import { type ActionPolicy, decidesNothing } from "./policy/action_policy.ts";
import type { AttributeType } from "./policy/attribute_type.ts";
import type { Place, ResourceReading } from "./policy/resource_reading.ts";
import type { RoutePattern } from "./policy/route_pattern.ts";
import type { Defer } from "./ports/edge_feed.ts";
import type { IssuerReader } from "./ports/issuer_reader.ts";

/*
 * The wiring of what routes ask to do: from the configuration's names to what decisions are made of.
 */

/** Bodies without a contract, and without `jsonBody`, are decided on by nothing. */
const NO_DEPTH = 1;

/** What each route asks to do; null for those that the policy has nothing to say about. */
export function composeActions(
  config: CompiledConfig,
  reader: Pick<IssuerReader, "checkRelations">,
  identity: IdentityMaker,
  says: ReadonlyMap<string, ExternalSay>,
  kept: Kept,
): (route: CompiledRoute) => RouteAction | null {
  const policies = actionPolicies(config);
  const schema = readPolicy(config)?.relations;
  const relations = schema?.ok ? composeRelationsOfCall(config, schema.value, reader, kept) : null;
  const metadata = composeMetadata(config, identity, kept);
  return (route) => {
    const policy = route.action === undefined ? undefined : policies.get(route.action);
    if (policy === undefined || decidesNothing(policy)) return null;
    const [type = "", name = ""] = policy.id.split(":");
    const source = route.resource?.metadata;
    return {
      action: { type, name, id: policy.id },
      policy,
      external: says.get(policy.id) ?? null,
      asksPermissions: policy.permissions.length > 0 || names(policy, /\bpermitted\s*\(/),
      resource: route.resource === undefined ? null : resourceReading(route, route.resource, config, type),
      metadata: source === undefined ? null : (metadata.get(source) ?? null),
      relations: names(policy, /\bcan\s*\(/) ? relations : null,
      bodyDepth: decidesByBody(config, route)
        ? (route.openapi?.maxDepth ?? route.jsonBody?.maxDepth ?? NO_DEPTH)
        : null,
      hidesResources: route.resource?.refusedAs === "not_found",
    };
  };
}

/** Whether a live rule may call what `call` finds. */
function names({ rules }: ActionPolicy, call: RegExp): boolean {
  return rules.some(({ mode, source }) => mode === "live" && call.test(source));
}

function resourceReading(
  { pattern }: CompiledRoute,
  resource: NonNullable<CompiledRoute["resource"]>,
  { policy }: CompiledConfig,
  type: string,
): ResourceReading {
  const declared = policy?.resources[type]?.attributes ?? {};
  const ids = idPlaces(resource).map((place) => readPlace(place, pattern));
  const attributes = Object.entries(resource.attributes).map(([name, place]) => {
    return { name, type: typeOfAttribute(declared, name), place: readPlace(place, pattern) };
  });
  const places = [...ids, ...attributes.map(({ place }) => place)];
  return { idType: resource.idType, ids, attributes, readsBody: places.some(({ from }) => from === "body") };
}

function typeOfAttribute(declared: Readonly<Record<string, AttributeType>>, name: string): AttributeType {
  const type = declared[name];
  if (type === undefined) throw new TypeError(`no attribute is called ${name}`);
  return type;
}

function readPlace(place: PlaceConfig, pattern: RoutePattern): Place {
  if ("path" in place) {
    const segment = pattern.findIndex((one) => one.kind === "parameter" && one.name === place.path);
    return { from: "path", segment };
  }
  if ("query" in place) return { from: "query", name: place.query, several: place.several };
  return { from: "body", steps: parseJsonPointer(place.body) ?? [] };
}

/** The origins that are asked about their resources, by name. What they said is kept while they stay as they are. */
function composeMetadata(
  { policy, gateway }: CompiledConfig,
  identity: IdentityMaker,
  kept: Kept,
): ReadonlyMap<string, RouteMetadata> {
  const reach = outboundReach(gateway);
  return new Map(
    Object.entries(policy?.metadata ?? {}).map(([name, source]) => {
      const { type, url, timeoutMs, ttlSeconds, maxBytes, onUnavailable, identity: audience } = source;
      const declared = policy?.resources[type]?.attributes ?? {};
      const told = source.attributes ?? Object.keys(declared);
      const attributes = new Map(told.map((one) => [one, typeOfAttribute(declared, one)]));
      const from = [name, source, declared, gateway.url, reach.loopback, gateway.outboundOrigins];
      const make = () => {
        const origin = new OriginMetadata({
          url,
          timeoutMs,
          maxBytes,
          attributes,
          reach,
          headers: audience === undefined ? async () => ({}) : gatesIdentity(audience, identity),
          failed: (cause) => logFault("resource_metadata_failed", { metadata: name, cause }),
          phase: (phase) => logBreaker(phase, { metadata: name }),
        });
        return new MetadataCache(origin, ttlSeconds * 1000);
      };
      const cache = kept.keep("resource_metadata", from, make);
      return [name, { cache, goesOnWithout: onUnavailable === "without_attributes" }];
    }),
  );
}

/** The gate's own identity: an answer is for all callers, so no caller's is sent. */
function gatesIdentity(audience: string, maker: IdentityMaker) {
  const { issuer } = maker;
  const gate = { v: 1, kind: "client", id: issuer, issuer, scopes: [], roles: [] } as const;
  const credential = { principal: gate, credentialId: issuer, expiresAtMs: null, identities: new Map() };
  return async (nowMs: number, defer: Defer) => ({
    "sallyport-identity": await signedIdentity(credential, audience, nowMs, maker, defer),
  });
}
