import type { ExternalSay } from "../access/external_say.ts";
import { type IdentityMaker, signedIdentity } from "../access/identity.ts";
import { MetadataCache } from "../access/metadata_cache.ts";
import type { RouteAction, RouteMetadata } from "../access/route_action.ts";
import { OriginMetadata } from "../adapters/origin_metadata.ts";
import { logBreaker } from "../authorizer/breaker_log.ts";
import type { CompiledConfig } from "../config/compile.ts";
import type { CompiledRoute } from "../config/faults/route.ts";
import { outboundReach } from "../config/faults/trusted_issuer.ts";
import { readPolicy } from "../config/policy_rules.ts";
import { logFault } from "../http/log.ts";
import type { Kept } from "../kernel/kept.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { IssuerReader } from "../ports/issuer_reader.ts";
import { composeRelationsOfCall } from "./relations.ts";
import { routeActions, typeOfAttribute } from "./route_actions.ts";

/*
 * The wiring of what routes ask to do: from the configuration's names to what decisions are made of.
 */

/** What each route asks to do; null for those that the policy has nothing to say about. */
export function composeActions(
  config: CompiledConfig,
  reader: Pick<IssuerReader, "checkRelations">,
  identity: IdentityMaker,
  says: ReadonlyMap<string, ExternalSay>,
  kept: Kept,
): (route: CompiledRoute) => RouteAction | null {
  const schema = readPolicy(config)?.relations;
  const relations = schema ? composeRelationsOfCall(config, schema, reader, kept) : null;
  return routeActions(config, { relations, metadata: composeMetadata(config, identity, kept), says });
}

/** The origins that are asked about their resources, by name. What they said is kept while they stay as they are. */
export function composeMetadata(
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
