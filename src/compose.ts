import { ApiKeyCache } from "./access/api_key_cache.ts";
import { FailureBudget } from "./access/failure_budget.ts";
import { TokenCache } from "./access/token_cache.ts";
import { AgedRevocations } from "./adapters/aged_revocations.ts";
import { D1Audit } from "./adapters/d1_audit.ts";
import { D1SecurityEvents } from "./adapters/d1_security_events.ts";
import { DurableObjectLimiter } from "./adapters/durable_object_limiter.ts";
import { JoseAccessTokens } from "./adapters/jose_access_tokens.ts";
import { JoseTokenSigner } from "./adapters/jose_token_signer.ts";
import { KvApiKeys } from "./adapters/kv_api_keys.ts";
import { LeasedLimiter } from "./adapters/leased_limiter.ts";
import { MemoryLimiter } from "./adapters/memory_limiter.ts";
import { PUBLISHED_KEY_SECONDS, PublishedKeyCache } from "./adapters/published_key_cache.ts";
import { remoteIssuerReader, remoteKeyRing } from "./adapters/remote.ts";
import { UpstashLimiter } from "./adapters/upstash_limiter.ts";
import type { AdminParts } from "./admin/app.ts";
import type { AuthorizerParts } from "./authorizer/authorizer.ts";
import { HeldBodies } from "./authorizer/held_bodies.ts";
import { type Bindings, DeploymentFault, type Environment, need, readBindings } from "./bindings.ts";
import { composeActTrail, composeDecisionAudit } from "./compose_audit.ts";
import { composeBudgets } from "./compose_budgets.ts";
import { accessTokenAlgorithms, gateRoutes, introspectors, targetCatalog, trustedIssuers } from "./compose_config.ts";
import { composeSecurityHeaders, defaultCorsPolicy } from "./compose_edges.ts";
import { composeInventory, composeUnlistedCalls } from "./compose_inventory.ts";
import { trustedTokens } from "./compose_issuers.ts";
import { composeCredits, composeKeyUses, composeScanning } from "./compose_keys.ts";
import { composeMailRecords } from "./compose_mail.ts";
import { originGuards } from "./compose_origins.ts";
import { composeDesks, composeUserManagement } from "./compose_people.ts";
import { composeShapes } from "./compose_shapes.ts";
import {
  IDENTITY_RING,
  issuerStores,
  keyEncryption,
  ONE,
  ringKeys,
  SIGNING_RING,
  signingEncryption,
} from "./compose_stores.ts";
import { gatePins, pinSets, takesBoundTokens } from "./compose_transport.ts";
import type { CompiledConfig } from "./config/compile.ts";
import { isInDevelopment } from "./config/transport_faults.ts";
import type { IssuerAppParts } from "./issuer/app.ts";
import { ClientCache } from "./issuing/client_cache.ts";
import type { Issuer } from "./issuing/issuer.ts";
import { platformRandom } from "./kernel/random.ts";
import type { Revocations } from "./ports/edge_feed.ts";
import type { IssuerReader } from "./ports/issuer_reader.ts";
import type { KeyUseRecords } from "./ports/key_uses.ts";
import type { Limiter } from "./ports/limiter.ts";
import type { UnlistedCallRecords } from "./ports/unlisted_calls.ts";
import { resourceMetadataUrl } from "./protocol/resource_metadata.ts";

/**
 * The only wiring: from an environment and a configuration to the parts of each app. Owns which adapter stands behind
 * which port. What it builds lives as long as the isolate and holds plain data, never a stub of a request.
 * `compose_stores.ts`, `_budgets`, `_people`, `_mail`, `_objects` and `_config` are its other rooms.
 */

/** Bodies that one isolate holds at once to look into them, of the 128 MB that it has for everything. */
const MAX_HELD_BYTES = 24 * 1024 * 1024;

/** The isolate's view of the edge feed, shared by every app in it. */
export function composeRevocations(reader: IssuerReader): Revocations {
  return new AgedRevocations(reader);
}

/** The issuer's read-only side where the issuer is another Worker: a service binding. */
export function composeRemoteReader(env: Environment): IssuerReader {
  const bindings = readBindings(env);
  return remoteIssuerReader(() => need(bindings, "ISSUER"));
}

/** The issuer's read-only side where the issuer is in this Worker: its own objects and tables. */
export function composeReader(env: Environment): IssuerReader {
  const { feed, ring, keys } = issuerStores(readBindings(env));
  return { pull: feed.pull, published: ring.published, findApiKey: (hash) => keys.find(hash) };
}

/** The issuer's app. */
export function composeIssuer(env: Environment, config: CompiledConfig, revocations: Revocations): IssuerAppParts {
  const { feed, ring, clients, accounts, devices, grantSecrets, users, subjects } = issuerStores(readBindings(env));
  const { issuer: settings } = config;
  const secrets = grantSecrets();
  const apis = new Map(settings.apis.map((api) => [api.resource, api]));
  const issuer: Issuer = {
    url: settings.url,
    catalog: targetCatalog(config),
    tokenProfile: (resource) => {
      const { algorithm, accessTokenTtlSeconds } = apis.get(resource ?? "") ?? settings;
      return { algorithm, ttlSeconds: accessTokenTtlSeconds };
    },
    clients: new ClientCache(clients),
    revocations,
    feed,
    signer: new JoseTokenSigner(ring, signingEncryption(env), SIGNING_RING),
    verifier: ownTokens(config, ring),
    random: platformRandom,
    accounts,
    devices,
    deviceTimes: settings.grants,
    secrets,
    users,
    subjects,
    idTokenTtlSeconds: settings.idTokenTtlSeconds,
    introspectors: introspectors(config),
    ...composeBudgets(readBindings(env), settings.lockout, secrets),
  };
  return {
    issuer,
    desks: composeDesks(readBindings(env), config, issuer, clients, ringKeys(ring)),
    published: new PublishedKeyCache(ring),
    // A copy may be taken from an isolate's copy: both ages together stay within the lead of the next key.
    jwksMaxAgeSeconds: Math.max(0, settings.signingKeys.publishLeadSeconds - PUBLISHED_KEY_SECONDS),
  };
}

/** The admin API's app. */
export function composeAdmin(env: Environment, config: CompiledConfig, revocations: Revocations): AdminParts {
  const bindings = readBindings(env);
  const { ring, courier, clients, keys, accounts } = issuerStores(bindings);
  return {
    people: composeUserManagement(bindings, config, accounts),
    credits: composeCredits(bindings),
    scanning: composeScanning(bindings, config, revocations),
    mails: composeMailRecords(bindings, config),
    inventory: composeInventory(bindings, config),
    events: new D1SecurityEvents(need(bindings, "DB")),
    audit: new D1Audit(need(bindings, "DB")),
    acts: composeActTrail(bindings, config),
    issuerUrl: config.issuer.url,
    catalog: targetCatalog(config),
    clients,
    keys,
    courier,
    ring,
    revocations,
    verifier: ownTokens(config, ring),
    random: platformRandom,
  };
}

/**
 * The authorizer: the gateway and what it publishes. `uses` hears when keys were used, `unlisted` of calls that no route lists, which are not
 * counted without it.
 */
export function composeAuthorizer(
  env: Environment,
  config: CompiledConfig,
  reader: IssuerReader,
  revocations: Revocations,
  uses: KeyUseRecords,
  unlisted: UnlistedCallRecords | null = null,
): AuthorizerParts {
  const bindings = readBindings(env);
  const { gateway } = config;
  const identityRing = remoteKeyRing("identity_keys", () => need(bindings, "IDENTITY_KEYS").getByName(ONE));
  const own = config.issuer.apis.find((api) => api.resource === gateway.resource);
  const sets = pinSets(config);
  const built = {
    gateway: {
      gate: {
        routes: gateRoutes(env, config, sets),
        issuers: trustedIssuers(config),
        tokens: new TokenCache(),
        verifier: trustedTokens(env, config, reader),
        apiKeys: new ApiKeyCache(new KvApiKeys(need(bindings, "API_KEYS")), {
          find: (hash) => reader.findApiKey(hash),
        }),
        revocations,
        failures: new FailureBudget(gateway.failedAuthenticationsPerMinute),
        limiter: new LeasedLimiter(composeLimiter(bindings)),
        localLimiter: new MemoryLimiter(),
        noLimits: { enforced: [], onTrial: [], hearsOrigin: false, fields: gateway.rateLimitFields },
        credits: composeCredits(bindings),
        keyUses: composeKeyUses(uses),
        pins: gatePins(config, sets),
        maxHeaderBytes: gateway.maxHeaderBytes,
      },
      identity: {
        issuer: gateway.url,
        signer: new JoseTokenSigner(identityRing, keyEncryption(bindings, "IDENTITY_KEK"), IDENTITY_RING),
        random: platformRandom,
      },
      refusals: { resourceMetadataUrl: resourceMetadataUrl(gateway.resource) },
      guards: originGuards(env, config),
      audit: composeDecisionAudit(bindings, config),
      unlisted: unlisted === null ? null : composeUnlistedCalls(unlisted, config),
      cors: defaultCorsPolicy(config),
      security: composeSecurityHeaders(config)(null),
      bodies: new HeldBodies(MAX_HELD_BYTES),
    },
    wellKnown: {
      metadata: {
        resource: gateway.resource,
        authorizationServers: gateway.trustedIssuers.map((trusted) => trusted.issuer),
        scopes: Object.keys(own?.scopes ?? {}),
        takesBoundTokens: takesBoundTokens(config),
      },
      identityKeys: new PublishedKeyCache(identityRing),
      security: composeSecurityHeaders(config)(null),
    },
  };
  return { ...built, ...composeShapes(env, config, built.gateway), loopbackInTheClear: isInDevelopment(gateway) };
}

function composeLimiter(bindings: Bindings): Limiter {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = bindings;
  if (url !== null && token !== null) return new UpstashLimiter({ url, token });
  if (url !== null || token !== null) throw new DeploymentFault("UPSTASH_REDIS_REST_URL and _TOKEN go together");
  return new DurableObjectLimiter(need(bindings, "LIMITER"));
}

function ownTokens(config: CompiledConfig, ring: Pick<IssuerReader, "published">): JoseAccessTokens {
  const algorithms = accessTokenAlgorithms(config);
  const proof = { kind: "published", keys: ringKeys(ring), algorithms } as const;
  return new JoseAccessTokens([{ issuer: config.issuer.url, proof, reading: null }]);
}
