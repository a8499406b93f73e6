import { D1Audit } from "../adapters/d1/audit.ts";
import { D1SecurityEvents } from "../adapters/d1/security_events.ts";
import { d1Subjects } from "../adapters/d1/subjects.ts";
import { expiringAccounts } from "../adapters/expiring_accounts.ts";
import { JoseAccessTokens } from "../adapters/jose_access_tokens.ts";
import { JoseTokenSigner } from "../adapters/jose_token_signer.ts";
import type { VerificationKeys } from "../adapters/jose_verification_keys.ts";
import { PUBLISHED_KEY_SECONDS, PublishedKeyCache } from "../adapters/published_key_cache.ts";
import { parseSessionStanding } from "../adapters/session_standing_schema.ts";
import type { AdminParts } from "../admin/app.ts";
import { type Environment, need, readBindings } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import type { IssuerAppParts } from "../issuer/app.ts";
import { ClientCache } from "../issuing/client_cache.ts";
import { sessionStanding } from "../issuing/current_session.ts";
import type { Issuer } from "../issuing/issuer.ts";
import { Kept } from "../kernel/kept.ts";
import { orOutage } from "../kernel/outage.ts";
import { platformRandom } from "../kernel/random.ts";
import type { FeedFollower, Revocations } from "../ports/edge_feed.ts";
import type { GrantSecrets } from "../ports/grant_secrets.ts";
import type { IssuerReader } from "../ports/issuer_reader.ts";
import type { ConfigPointer } from "../protocol/edge_feed.ts";
import { composeActTrail } from "./audit.ts";
import { composeBudgets } from "./budgets.ts";
import { accessTokenAlgorithms, introspectors, targetCatalog } from "./config.ts";
import { composeExplainers } from "./explainers.ts";
import { composeHumanCheck } from "./human.ts";
import { composeInventory } from "./inventory.ts";
import { composeCredits, composeScanning } from "./keys.ts";
import { composeConfigManagement } from "./live.ts";
import { composeMailRecords } from "./mail.ts";
import { composeDesks, composeUserManagement } from "./people.ts";
import { answerRelated, answerRelations, composeRelationManagement } from "./relations.ts";
import { composeRoleManagement, declaredAttributes } from "./roles.ts";
import { composeShadowManagement } from "./shadow.ts";
import { issuerStores, ringKeys, SIGNING_RING, signingEncryption } from "./stores.ts";

/*
 * The wiring of the control plane: the issuer's app, the admin API's, and the read-only side that an authorizer asks. A file of its own, so that an
 * authorizer alone carries nothing of it.
 */

/** How long the gate waits to hear of a session. */
const SESSION_DEADLINE_MS = 5_000;

/** The issuer's read-only side where the issuer is in this Worker: its own objects and tables. */
export function composeReader(env: Environment): IssuerReader {
  const bindings = readBindings(env);
  const { feed, ring, keys, accounts, users, roles, grantSecrets } = issuerStores(bindings);
  let secrets: GrantSecrets | undefined;
  return {
    pull: feed.pull,
    published: ring.published,
    findApiKey: (hash) => keys.find(hash),
    roleBook: () => roles.current(),
    findSubjects: (kind, ids) => d1Subjects(need(readBindings(env), "DB"), kind, ids),
    checkRelations: (asked) => answerRelations(bindings, asked),
    relatedIds: (asked) => answerRelated(bindings, asked),
    findSession: (proof) => {
      secrets ??= grantSecrets();
      const people = { accounts, users, secrets };
      // Read as another Worker reads it: what an account's object says is not what this release of it would.
      return orOutage("session", SESSION_DEADLINE_MS, async () => {
        const standing = await sessionStanding(proof, people, Date.now());
        return standing && parseSessionStanding(standing);
      });
    },
  };
}

/** The issuer's app. Its caches are `kept` from one configuration to the next. */
export function composeIssuer(
  env: Environment,
  config: CompiledConfig,
  revocations: Revocations,
  kept = new Kept(),
): IssuerAppParts {
  const { feed, ring, clients, devices, grantSecrets, users, subjects, ...stores } = issuerStores(readBindings(env));
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
    clients: kept.keep("clients", null, () => new ClientCache(clients)),
    revocations,
    feed,
    signer: kept.keep("signer", null, () => new JoseTokenSigner(ring, signingEncryption(env), SIGNING_RING)),
    verifier: ownTokens(config, ring, kept),
    random: platformRandom,
    accounts: expiringAccounts(stores.accounts, revocations),
    devices,
    deviceTimes: settings.grants,
    secrets,
    users,
    subjects,
    idTokenTtlSeconds: settings.idTokenTtlSeconds,
    introspectors: introspectors(config),
    ...kept.keep("budgets", settings.lockout, () => composeBudgets(readBindings(env), settings.lockout, secrets)),
  };
  return {
    issuer,
    desks: composeDesks(
      readBindings(env),
      config,
      issuer,
      clients,
      ownKeys(ring, kept),
      composeHumanCheck(env, config, kept),
    ),
    published: kept.keep("published_keys", null, () => new PublishedKeyCache(ring)),
    // A copy may be taken from an isolate's copy: both ages together stay within the lead of the next key.
    jwksMaxAgeSeconds: Math.max(0, settings.signingKeys.publishLeadSeconds - PUBLISHED_KEY_SECONDS),
  };
}

/** The admin API's app. `running` tells which configuration this isolate runs. */
export function composeAdmin(
  env: Environment,
  config: CompiledConfig,
  revocations: FeedFollower,
  kept = new Kept(),
  running: () => ConfigPointer | null = () => null,
): AdminParts {
  const bindings = readBindings(env);
  const { ring, courier, clients, keys, accounts } = issuerStores(bindings);
  return {
    people: composeUserManagement(bindings, config, accounts),
    ...composeRoleManagement(bindings, revocations),
    shadow: composeShadowManagement(bindings, revocations),
    ...composeRelationManagement(bindings, config),
    configs: composeConfigManagement(env, revocations, courier, running),
    explainers: composeExplainers(env, config, running),
    credits: composeCredits(bindings),
    scanning: composeScanning(bindings, config, revocations, kept),
    mails: composeMailRecords(bindings, config),
    inventory: composeInventory(bindings, config),
    events: new D1SecurityEvents(need(bindings, "DB")),
    audit: new D1Audit(need(bindings, "DB")),
    acts: composeActTrail(bindings, config, kept),
    issuerUrl: config.issuer.url,
    attributes: declaredAttributes(config),
    catalog: targetCatalog(config),
    clients,
    keys,
    courier,
    ring,
    revocations,
    verifier: ownTokens(config, ring, kept),
    random: platformRandom,
  };
}

function ownTokens(config: CompiledConfig, ring: Pick<IssuerReader, "published">, kept: Kept): JoseAccessTokens {
  const algorithms = accessTokenAlgorithms(config);
  const proof = { kind: "published", keys: ownKeys(ring, kept), algorithms, withdrawn: new Set<string>() } as const;
  return new JoseAccessTokens([{ issuer: config.issuer.url, proof, reading: null }]);
}

function ownKeys(ring: Pick<IssuerReader, "published">, kept: Kept): VerificationKeys {
  return kept.keep("own_keys", null, () => ringKeys(ring));
}
