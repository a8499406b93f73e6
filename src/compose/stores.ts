import loadConfig from "../../sallyport.config.ts";
import { D1ApiKeys } from "../adapters/d1/api_keys.ts";
import { D1Clients } from "../adapters/d1/clients.ts";
import { D1ConfigVersions } from "../adapters/d1/config_versions.ts";
import { D1PairwiseSubjects } from "../adapters/d1/pairwise_subjects.ts";
import { D1Relations } from "../adapters/d1/relations.ts";
import { D1Roles } from "../adapters/d1/roles.ts";
import { D1ShadowVersions } from "../adapters/d1/shadow_versions.ts";
import { D1Users } from "../adapters/d1/users.ts";
import { parseGrantSecrets } from "../adapters/grant_secrets.ts";
import { VerificationKeys } from "../adapters/jose_verification_keys.ts";
import { type KeyEncryption, parseKeyEncryption } from "../adapters/key_encryption.ts";
import { remoteAccounts } from "../adapters/remote/accounts.ts";
import { remoteDeviceAuthorizations } from "../adapters/remote/device_authorizations.ts";
import { remoteCourier, remoteEdgeFeed, remoteKeyRing } from "../adapters/remote/remote.ts";
import { type Bindings, DeploymentFault, type Environment, need, readBindings } from "../bindings.ts";
import { type CompiledConfig, compileConfig } from "../config/compile.ts";
import type { ConfigInput } from "../config/schema.ts";
import { canonicalJson } from "../kernel/canonical_json.ts";
import { platformRandom } from "../kernel/random.ts";
import type { GrantSecrets } from "../ports/grant_secrets.ts";
import type { IssuerReader } from "../ports/issuer_reader.ts";

/*
 * What the rest of the wiring shares: the configuration, the stores and the secrets of one environment.
 */
export const SIGNING_RING = "signing-keys";
export const IDENTITY_RING = "identity-keys";
export const ONE = "one";

/** The installation's configuration, compiled by `compile`. Throws `DeploymentFault` with every fault and its place. */
export function installedConfig(
  env: Environment,
  compile: (input: unknown) => ReturnType<typeof compileConfig> = compileConfig,
): CompiledConfig {
  const compiled = compile(writtenConfig(env));
  if (compiled.ok) return compiled.value;
  const faults = compiled.error.map(({ path, reason }) => `${path}: ${reason}`);
  throw new DeploymentFault(`sallyport.config.ts is not valid: ${faults.join("; ")}`);
}

/** The installation's configuration as it was written, in the one text that all spellings of it share. */
export function bundledText(env: Environment): string {
  return canonicalJson(JSON.parse(JSON.stringify(writtenConfig(env))));
}

function writtenConfig(env: Environment): ConfigInput {
  const bindings = readBindings(env);
  return loadConfig({
    ISSUER_URL: need(bindings, "ISSUER_URL"),
    GATEWAY_URL: need(bindings, "GATEWAY_URL"),
    DEMO_ORIGIN_URL: need(bindings, "DEMO_ORIGIN_URL"),
  });
}

/** The issuer's stores and objects, each behind its port. What is missing is told by those who ask for it. */
export function issuerStores(bindings: Bindings) {
  return {
    feed: remoteEdgeFeed(() => need(bindings, "EDGE_FEED").getByName(ONE)),
    ring: remoteKeyRing("signing_keys", () => need(bindings, "SIGNING_KEYS").getByName(ONE)),
    courier: remoteCourier(() => need(bindings, "OUTBOX").getByName(ONE)),
    clients: new D1Clients(need(bindings, "DB")),
    keys: new D1ApiKeys(need(bindings, "DB")),
    configs: new D1ConfigVersions(need(bindings, "DB")),
    shadows: new D1ShadowVersions(need(bindings, "DB")),
    users: new D1Users(need(bindings, "DB")),
    relations: new D1Relations(need(bindings, "DB")),
    roles: new D1Roles(need(bindings, "DB")),
    subjects: new D1PairwiseSubjects(need(bindings, "DB"), platformRandom),
    accounts: remoteAccounts((user) => need(bindings, "ACCOUNTS").getByName(user)),
    devices: remoteDeviceAuthorizations((name) => need(bindings, "DEVICES").getByName(name)),
    /** Asked for by those who open and seal: the rest needs no such secret. */
    grantSecrets: () => grantSecrets(bindings),
  };
}

/** The keys of our own ring, without HTTP. */
export function ringKeys(ring: Pick<IssuerReader, "published">): VerificationKeys {
  return new VerificationKeys({
    fetch: async () => (await ring.published()).keys.map((key) => ({ ...key })),
  });
}

/** What seals the signing keys. */
export function signingEncryption(env: Environment): KeyEncryption {
  return keyEncryption(readBindings(env), "SIGNING_KEK");
}

/** The key-encryption secret called `name`. Throws `DeploymentFault` where it cannot be read, and never quotes it. */
export function keyEncryption(bindings: Bindings, name: "SIGNING_KEK" | "IDENTITY_KEK"): KeyEncryption {
  const encryption = parseKeyEncryption(need(bindings, name));
  if (encryption === null) throw new DeploymentFault(`${name} is not <id>:<base64url of 32 bytes>[,...]`);
  return encryption;
}

function grantSecrets(bindings: Bindings): GrantSecrets {
  const secrets = parseGrantSecrets(need(bindings, "GRANT_KEY"), platformRandom);
  if (secrets === null) throw new DeploymentFault("GRANT_KEY is not <id>:<base64url of 32 bytes>[,...]");
  return secrets;
}
