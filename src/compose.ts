// Long because it is the only wiring; a third of it is imports.
import loadConfig from "../sallyport.config.ts";
import { ApiKeyCache } from "./access/api_key_cache.ts";
import { FailureBudget } from "./access/failure_budget.ts";
import { TokenCache } from "./access/token_cache.ts";
import { AgedRevocations } from "./adapters/aged_revocations.ts";
import { BackchannelLogout } from "./adapters/backchannel_logout.ts";
import { D1ApiKeys } from "./adapters/d1_api_keys.ts";
import { D1Clients } from "./adapters/d1_clients.ts";
import { D1Outbox } from "./adapters/d1_outbox.ts";
import { D1PairwiseSubjects } from "./adapters/d1_pairwise_subjects.ts";
import { D1SecurityEvents } from "./adapters/d1_security_events.ts";
import { D1Users } from "./adapters/d1_users.ts";
import { DurableObjectLimiter } from "./adapters/durable_object_limiter.ts";
import { parseGrantSecrets } from "./adapters/grant_secrets.ts";
import { JoseAccessTokens } from "./adapters/jose_access_tokens.ts";
import { joseKeyMaker } from "./adapters/jose_keys.ts";
import { JoseTokenSigner, SIGNER_KEY_MS } from "./adapters/jose_token_signer.ts";
import { VerificationKeys } from "./adapters/jose_verification_keys.ts";
import { jwksUrl } from "./adapters/jwks_url.ts";
import { type KeyEncryption, parseKeyEncryption } from "./adapters/key_encryption.ts";
import { KvApiKeys } from "./adapters/kv_api_keys.ts";
import { MemoryLimiter } from "./adapters/memory_limiter.ts";
import { PUBLISHED_KEY_SECONDS, PublishedKeyCache } from "./adapters/published_key_cache.ts";
import { remoteCourier, remoteEdgeFeed, remoteIssuerReader, remoteKeyRing } from "./adapters/remote.ts";
import { remoteAccounts } from "./adapters/remote_accounts.ts";
import { remoteDeviceAuthorizations } from "./adapters/remote_device_authorizations.ts";
import { UpstashLimiter } from "./adapters/upstash_limiter.ts";
import type { AdminParts } from "./admin/app.ts";
import type { AuthorizerParts } from "./authorizer/authorizer.ts";
import { type Bindings, DeploymentFault, type Environment, need, readBindings } from "./bindings.ts";
import {
  accessTokenAlgorithms,
  gateRoutes,
  introspectors,
  signingAlgorithms,
  targetCatalog,
  trustedIssuers,
} from "./compose_config.ts";
import { composeAccountEvents, composeMailCourier, composeMailRecords } from "./compose_mail.ts";
import { composeDesks, composeUserManagement } from "./compose_people.ts";
import { type CompiledConfig, compileConfig } from "./config/compile.ts";
import type { IssuerAppParts } from "./issuer/app.ts";
import { ClientCache } from "./issuing/client_cache.ts";
import type { Issuer } from "./issuing/issuer.ts";
import { platformRandom } from "./kernel/random.ts";
import type { AccountWiring } from "./objects/account.ts";
import type { KeyRingWiring } from "./objects/key_ring.ts";
import type { MailCourierWiring } from "./objects/mail_courier.ts";
import type { CourierWiring } from "./objects/outbox_courier.ts";
import type { Revocations } from "./ports/edge_feed.ts";
import type { GrantSecrets } from "./ports/grant_secrets.ts";
import type { IssuerReader } from "./ports/issuer_reader.ts";
import type { Limiter } from "./ports/limiter.ts";
import { resourceMetadataUrl } from "./protocol/resource_metadata.ts";

/**
 * The only wiring: from an environment and a configuration to the parts of each app. Owns which adapter stands behind
 * which port. What it builds lives as long as the isolate and holds plain data, never a stub of a request.
 */
const SIGNING_RING = "signing-keys";
const IDENTITY_RING = "identity-keys";
const ONE = "one";

/** An identity key signs for a day, is published an hour ahead, and outlives the last identity it signed by far. */
const IDENTITY_RING_SETTINGS = { rotateAfterMs: 86_400_000, publishLeadMs: 3_600_000, retainMs: 3_600_000 };

/** The installation's configuration, compiled. Throws `DeploymentFault` with every fault and its place. */
export function installedConfig(env: Environment): CompiledConfig {
  const bindings = readBindings(env);
  const compiled = compileConfig(
    loadConfig({
      ISSUER_URL: need(bindings, "ISSUER_URL"),
      GATEWAY_URL: need(bindings, "GATEWAY_URL"),
      DEMO_ORIGIN_URL: need(bindings, "DEMO_ORIGIN_URL"),
    }),
  );
  if (compiled.ok) return compiled.value;
  const faults = compiled.error.map(({ path, reason }) => `${path}: ${reason}`);
  throw new DeploymentFault(`sallyport.config.ts is not valid: ${faults.join("; ")}`);
}

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
    secrets: grantSecrets(),
    users,
    subjects,
    idTokenTtlSeconds: settings.idTokenTtlSeconds,
    introspectors: introspectors(config),
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
    mails: composeMailRecords(bindings, config),
    events: new D1SecurityEvents(need(bindings, "DB")),
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

/** The authorizer: the gateway and what it publishes. */
export function composeAuthorizer(
  env: Environment,
  config: CompiledConfig,
  reader: IssuerReader,
  revocations: Revocations,
): AuthorizerParts {
  const bindings = readBindings(env);
  const { gateway } = config;
  const identityRing = remoteKeyRing("identity_keys", () => need(bindings, "IDENTITY_KEYS").getByName(ONE));
  const own = config.issuer.apis.find((api) => api.resource === gateway.resource);
  return {
    gateway: {
      gate: {
        routes: gateRoutes(config),
        issuers: trustedIssuers(config),
        tokens: new TokenCache(),
        verifier: trustedTokens(config, reader),
        apiKeys: new ApiKeyCache(new KvApiKeys(need(bindings, "API_KEYS")), {
          find: (hash) => reader.findApiKey(hash),
        }),
        revocations,
        failures: new FailureBudget(gateway.failedAuthenticationsPerMinute),
        limiter: composeLimiter(bindings),
        localLimiter: new MemoryLimiter(),
        maxHeaderBytes: gateway.maxHeaderBytes,
      },
      identity: {
        issuer: gateway.url,
        signer: new JoseTokenSigner(identityRing, keyEncryption(bindings, "IDENTITY_KEK"), IDENTITY_RING),
        random: platformRandom,
      },
      refusals: { resourceMetadataUrl: resourceMetadataUrl(gateway.resource) },
    },
    wellKnown: {
      metadata: {
        resource: gateway.resource,
        authorizationServers: gateway.trustedIssuers.map((trusted) => trusted.issuer),
        scopes: Object.keys(own?.scopes ?? {}),
      },
      identityKeys: new PublishedKeyCache(identityRing),
    },
  };
}

/** What the signing-key ring's object needs. */
export function wireSigningRing(env: Environment): KeyRingWiring {
  const config = installedConfig(env);
  const { issuer } = config;
  const { feed } = issuerStores(readBindings(env));
  const longestTtlSeconds = Math.max(longestAccessTokenSeconds(config), issuer.idTokenTtlSeconds);
  return {
    algorithms: signingAlgorithms(config),
    settings: {
      rotateAfterMs: issuer.signingKeys.rotateAfterSeconds * 1000,
      publishLeadMs: issuer.signingKeys.publishLeadSeconds * 1000,
      retainMs: longestTtlSeconds * 1000 + SIGNER_KEY_MS,
    },
    maker: joseKeyMaker(signingEncryption(env), SIGNING_RING),
    feed,
  };
}

/** What the identity-key ring's object needs. */
export function wireIdentityRing(env: Environment): KeyRingWiring {
  return {
    algorithms: ["ES256"],
    settings: IDENTITY_RING_SETTINGS,
    maker: joseKeyMaker(keyEncryption(readBindings(env), "IDENTITY_KEK"), IDENTITY_RING),
    feed: null,
  };
}

/** What the outbox's courier carries between. */
export function wireCourier(env: Environment): CourierWiring {
  const bindings = readBindings(env);
  const { feed, keys } = issuerStores(bindings);
  const copies = new KvApiKeys(need(bindings, "API_KEYS"));
  return { outbox: new D1Outbox(need(bindings, "DB")), truth: keys, copies, feed };
}

/** What the courier of mail carries between; null where nothing carries mail on. */
export function wireMailCourier(env: Environment): MailCourierWiring | null {
  return composeMailCourier(readBindings(env), installedConfig(env));
}

/** What an account's object needs. */
export function wireAccount(env: Environment): AccountWiring {
  const bindings = readBindings(env);
  const { feed, clients, ring } = issuerStores(bindings);
  const config = installedConfig(env);
  return {
    feed,
    events: composeAccountEvents(bindings, config),
    clients: new BackchannelLogout({
      issuer: need(bindings, "ISSUER_URL"),
      clients,
      signer: () => new JoseTokenSigner(ring, signingEncryption(env), SIGNING_RING),
      fetch: (request) => fetch(request),
    }),
    longestTokenMs: longestAccessTokenSeconds(config) * 1000,
  };
}

function longestAccessTokenSeconds({ issuer }: CompiledConfig): number {
  return Math.max(issuer.accessTokenTtlSeconds, ...issuer.apis.map((api) => api.accessTokenTtlSeconds));
}

function issuerStores(bindings: Bindings) {
  return {
    feed: remoteEdgeFeed(() => need(bindings, "EDGE_FEED").getByName(ONE)),
    ring: remoteKeyRing("signing_keys", () => need(bindings, "SIGNING_KEYS").getByName(ONE)),
    courier: remoteCourier(() => need(bindings, "OUTBOX").getByName(ONE)),
    clients: new D1Clients(need(bindings, "DB")),
    keys: new D1ApiKeys(need(bindings, "DB")),
    users: new D1Users(need(bindings, "DB")),
    subjects: new D1PairwiseSubjects(need(bindings, "DB"), platformRandom),
    accounts: remoteAccounts((user) => need(bindings, "ACCOUNTS").getByName(user)),
    devices: remoteDeviceAuthorizations((name) => need(bindings, "DEVICES").getByName(name)),
    /** Asked for by those who open and seal: the rest needs no such secret. */
    grantSecrets: () => grantSecrets(bindings),
  };
}

function composeLimiter(bindings: Bindings): Limiter {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = bindings;
  if (url !== null && token !== null) return new UpstashLimiter({ url, token });
  if (url !== null || token !== null) throw new DeploymentFault("UPSTASH_REDIS_REST_URL and _TOKEN go together");
  return new DurableObjectLimiter(need(bindings, "LIMITER"));
}

function ownTokens(config: CompiledConfig, ring: Pick<IssuerReader, "published">): JoseAccessTokens {
  const algorithms = accessTokenAlgorithms(config);
  return new JoseAccessTokens([{ issuer: config.issuer.url, algorithms, keys: ringKeys(ring) }]);
}

function trustedTokens({ gateway }: CompiledConfig, reader: IssuerReader): JoseAccessTokens {
  return new JoseAccessTokens(
    gateway.trustedIssuers.map(({ issuer, algorithms, keys }) => ({
      issuer,
      algorithms,
      keys: keys === "ring" ? ringKeys(reader) : new VerificationKeys(jwksUrl(keys.jwksUrl)),
    })),
  );
}

function ringKeys(ring: Pick<IssuerReader, "published">): VerificationKeys {
  return new VerificationKeys({
    fetch: async () => (await ring.published()).keys.map((key) => ({ ...key })),
  });
}

function signingEncryption(env: Environment): KeyEncryption {
  return keyEncryption(readBindings(env), "SIGNING_KEK");
}

function keyEncryption(bindings: Bindings, name: "SIGNING_KEK" | "IDENTITY_KEK"): KeyEncryption {
  const encryption = parseKeyEncryption(need(bindings, name));
  if (encryption === null) throw new DeploymentFault(`${name} is not <id>:<base64url of 32 bytes>[,...]`);
  return encryption;
}

function grantSecrets(bindings: Bindings): GrantSecrets {
  const secrets = parseGrantSecrets(need(bindings, "GRANT_KEY"), platformRandom);
  if (secrets === null) throw new DeploymentFault("GRANT_KEY is not <id>:<base64url of 32 bytes>[,...]");
  return secrets;
}
