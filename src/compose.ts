import { ApiKeyCache } from "./access/api_key_cache.ts";
import { FailureBudget } from "./access/failure_budget.ts";
import { TokenCache } from "./access/token_cache.ts";
import { AgedRevocations } from "./adapters/aged_revocations.ts";
import { JoseTokenSigner } from "./adapters/jose_token_signer.ts";
import { KvApiKeys } from "./adapters/kv_api_keys.ts";
import { LeasedLimiter } from "./adapters/leased_limiter.ts";
import { MemoryLimiter } from "./adapters/memory_limiter.ts";
import { DurableObjectLimiter } from "./adapters/objects/limiter.ts";
import { PublishedKeyCache } from "./adapters/published_key_cache.ts";
import { remoteIssuerReader, remoteKeyRing } from "./adapters/remote/remote.ts";
import { UpstashLimiter } from "./adapters/upstash_limiter.ts";
import type { AuthorizerParts } from "./authorizer/authorizer.ts";
import { HeldBodies } from "./authorizer/held_bodies.ts";
import { type Bindings, DeploymentFault, type Environment, need, readBindings } from "./bindings.ts";
import { composeActions, composeMetadata } from "./compose/actions.ts";
import { composeDecisionAudit } from "./compose/audit.ts";
import { authzenMetadataOf, composeAuthzen } from "./compose/authzen.ts";
import { gateRoutes } from "./compose/config.ts";
import { relationsOfCalls } from "./compose/contracts.ts";
import { composeSecurityHeaders, defaultCorsPolicy } from "./compose/edges.ts";
import { composeExternalSays } from "./compose/external.ts";
import { composeUnlistedCalls } from "./compose/inventory.ts";
import { proofOfTokens, trustedTokens } from "./compose/issuers.ts";
import { composeCredits, composeKeyUses } from "./compose/keys.ts";
import { originGuards } from "./compose/origins.ts";
import { trustedIssuers } from "./compose/rights.ts";
import { followedRoles } from "./compose/roles.ts";
import { composeSessions } from "./compose/sessions.ts";
import { composeShadowWatch, type ShadowSide } from "./compose/shadow.ts";
import { composeShapes } from "./compose/shapes.ts";
import { IDENTITY_RING, keyEncryption, ONE } from "./compose/stores.ts";
import { gatePins, pinSets, takesBoundTokens } from "./compose/transport.ts";
import type { CompiledConfig } from "./config/compile.ts";
import { isInDevelopment } from "./config/faults/transport.ts";
import { Kept } from "./kernel/kept.ts";
import { platformRandom } from "./kernel/random.ts";
import type { FeedFollower } from "./ports/edge_feed.ts";
import type { IssuerReader } from "./ports/issuer_reader.ts";
import type { KeyUseRecords } from "./ports/key_uses.ts";
import type { Limiter } from "./ports/limiter.ts";
import type { UnlistedCallRecords } from "./ports/unlisted_calls.ts";
import { resourceMetadataUrl } from "./protocol/resource_metadata.ts";

/**
 * The only wiring: from an environment and a configuration to the parts of each app. Owns which adapter stands behind
 * which port. What it builds lives as long as the isolate and holds plain data, never a stub of a request.
 * `compose/` has a file for each thing that is put together; the control plane is `compose/control.ts`.
 */

/** Bodies that one isolate holds at once to look into them, of the 128 MB that it has for everything. */
const MAX_HELD_BYTES = 24 * 1024 * 1024;
/** The isolate's view of the edge feed, shared by every app in it. */
export function composeRevocations(reader: IssuerReader): FeedFollower {
  return new AgedRevocations(reader);
}

/** The issuer's read-only side where the issuer is another Worker: a service binding. */
export function composeRemoteReader(env: Environment): IssuerReader {
  const bindings = readBindings(env);
  return remoteIssuerReader(() => need(bindings, "ISSUER"));
}

/** The issuer as its authorizer sees it, in the same Worker or in another. */
export interface IssuerSide {
  readonly reader: IssuerReader;
  readonly revocations: FeedFollower;
  /** Hears when keys were used. */
  readonly uses: KeyUseRecords;
  /** Hears of calls that no route lists; null where they are not counted. */
  readonly unlisted: UnlistedCallRecords | null;
  /** Hears where what is in shadow differs; absent where nothing is tried. */
  readonly shadow?: ShadowSide;
}

/**
 * The authorizer: the gateway and what it publishes. What it remembers is `kept` from one configuration to the next: no credential is proven
 * twice for it, no unit counted twice, no origin's trouble forgotten. `configHash` is the configuration's name in what is recorded.
 */
export function composeAuthorizer(
  env: Environment,
  config: CompiledConfig,
  { reader, revocations, uses, unlisted, shadow }: IssuerSide,
  kept = new Kept(),
  configHash: string | null = null,
): AuthorizerParts {
  const bindings = readBindings(env);
  const { gateway } = config;
  const identityRing = remoteKeyRing("identity_keys", () => need(bindings, "IDENTITY_KEYS").getByName(ONE));
  const own = config.issuer.apis.find((api) => api.resource === gateway.resource);
  const sets = pinSets(config, kept);
  const proof = proofOfTokens(config);
  const paths = config.routes.map(({ path }) => path);
  const identity = {
    issuer: gateway.url,
    signer: kept.keep(
      "identity_signer",
      null,
      () => new JoseTokenSigner(identityRing, keyEncryption(bindings, "IDENTITY_KEK"), IDENTITY_RING),
    ),
    random: platformRandom,
  };
  const says = composeExternalSays(env, config, kept);
  const actions = composeActions(config, reader, identity, says, kept);
  const built = {
    gateway: {
      gate: {
        routes: gateRoutes(env, config, sets, kept, composeSessions(config, reader, kept), actions),
        relations: relationsOfCalls(config, reader, kept),
        issuers: trustedIssuers(config),
        // A token counts as proven for as long as nothing changed of what proves tokens.
        tokens: kept.keep("tokens", proof, () => new TokenCache()),
        verifier: trustedTokens(env, config, reader, kept),
        apiKeys: kept.keep("api_keys", null, () => {
          const near = new KvApiKeys(need(bindings, "API_KEYS"));
          return new ApiKeyCache(near, { find: (hash) => reader.findApiKey(hash) });
        }),
        revocations,
        failures: kept.keep(
          "failures",
          gateway.failedAuthenticationsPerMinute,
          () => new FailureBudget(gateway.failedAuthenticationsPerMinute),
        ),
        limiter: kept.keep("limiter", null, () => new LeasedLimiter(composeLimiter(bindings))),
        localLimiter: kept.keep("local_limiter", null, () => new MemoryLimiter()),
        noLimits: { enforced: [], onTrial: [], hearsOrigin: false, fields: gateway.rateLimitFields },
        credits: composeCredits(bindings),
        keyUses: kept.keep("key_uses", null, () => composeKeyUses(uses)),
        pins: gatePins(config, sets),
        roles: kept.keep("roles", null, () => followedRoles(bindings, revocations, reader)),
        maxHeaderBytes: gateway.maxHeaderBytes,
      },
      identity,
      refusals: { resourceMetadataUrl: resourceMetadataUrl(gateway.resource) },
      guards: originGuards(env, config, kept),
      audit: composeDecisionAudit(bindings, config, configHash, kept),
      unlisted: unlisted === null ? null : kept.keep("unlisted", paths, () => composeUnlistedCalls(unlisted, config)),
      shadow:
        shadow === undefined
          ? null
          : composeShadowWatch(env, config, shadow, { reader, feed: revocations, identity, kept }),
      cors: defaultCorsPolicy(config),
      security: composeSecurityHeaders(config)(null),
      bodies: kept.keep("held_bodies", null, () => new HeldBodies(MAX_HELD_BYTES)),
    },
    wellKnown: {
      metadata: {
        resource: gateway.resource,
        authorizationServers: gateway.trustedIssuers.map((trusted) => trusted.issuer),
        scopes: Object.keys(own?.scopes ?? {}),
        takesBoundTokens: takesBoundTokens(config),
      },
      authzen: authzenMetadataOf(config),
      identityKeys: kept.keep("identity_keys", null, () => new PublishedKeyCache(identityRing)),
      security: composeSecurityHeaders(config)(null),
    },
  };
  const routesOf = (asked: CompiledConfig) => gateRoutes(env, asked, sets, kept, null, () => null);
  const sources = { says, metadata: composeMetadata(config, identity, kept) };
  const authzen = composeAuthzen(bindings, config, routesOf, built.gateway, sources, reader, kept);
  const shapes = composeShapes(env, config, built.gateway);
  return { ...built, ...shapes, authzen, loopbackInTheClear: isInDevelopment(gateway) };
}

function composeLimiter(bindings: Bindings): Limiter {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = bindings;
  if (url !== null && token !== null) return new UpstashLimiter({ url, token });
  if (url !== null || token !== null) throw new DeploymentFault("UPSTASH_REDIS_REST_URL and _TOKEN go together");
  return new DurableObjectLimiter(need(bindings, "LIMITER"));
}
