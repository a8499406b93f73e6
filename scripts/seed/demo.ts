import type { RandomBytes } from "../../src/kernel/random.ts";
import {
  type ApiKeyEnvironment,
  type ApiKeyKind,
  type ApiKeyRecord,
  type ApiKeyString,
  hashApiKey,
  lastFour,
  newApiKey,
} from "../../src/protocol/api_key.ts";
import { hashClientSecret, newClientSecret } from "../../src/protocol/client_secret.ts";
import {
  type ClientId,
  type ClientSecretId,
  newApiKeyId,
  newClientId,
  newClientSecretId,
} from "../../src/protocol/ids.ts";
import { type DemoPeople, newDemoPeople } from "./people.ts";

/** A client to seed, with the secret that only the credentials file will know. */
export interface DemoClient {
  readonly id: ClientId;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly secretId: ClientSecretId;
  readonly secret: string;
  readonly secretHash: string;
}

/** An API key to seed, with the string that only the credentials file will know. */
export interface DemoApiKey {
  readonly name: string;
  readonly key: ApiKeyString;
  readonly hash: string;
  readonly lastFour: string;
  readonly record: ApiKeyRecord;
}

/** Everything that a fresh clone starts with. */
export interface DemoSet extends DemoPeople {
  readonly admin: DemoClient;
  readonly machine: DemoClient;
  readonly live: DemoApiKey;
  readonly test: DemoApiKey;
  readonly publishable: DemoApiKey;
}

const ORDERS = ["orders:read", "orders:write"] as const;

async function demoClient(name: string, scopes: readonly string[], random: RandomBytes): Promise<DemoClient> {
  const secret = newClientSecret(random);
  return {
    id: newClientId(random),
    name,
    scopes,
    secretId: newClientSecretId(random),
    secret,
    secretHash: await hashClientSecret(secret),
  };
}

async function demoApiKey(
  name: string,
  [kind, environment]: readonly [ApiKeyKind, ApiKeyEnvironment],
  scopes: readonly string[],
  random: RandomBytes,
): Promise<DemoApiKey> {
  const key = newApiKey(kind, environment, random);
  const record: ApiKeyRecord = {
    id: newApiKeyId(random),
    environment,
    kind,
    scopes,
    roles: [],
    disabled: false,
    expiresAtMs: null,
    secretExpiresAtMs: null,
    epoch: 1,
  };
  return { name, key, hash: await hashApiKey(key), lastFour: lastFour(key), record };
}

/** A new demo set; every secret in it comes from `random`. Half a second of it is hashing passwords. */
export async function newDemoSet(random: RandomBytes): Promise<DemoSet> {
  return {
    ...(await newDemoPeople(random)),
    admin: await demoClient("Local administrator", ["admin"], random),
    machine: await demoClient("Demo machine", [...ORDERS, "authz:evaluate"], random),
    live: await demoApiKey("Demo live key", ["secret", "live"], ORDERS, random),
    test: await demoApiKey("Demo test key", ["secret", "test"], ORDERS, random),
    publishable: await demoApiKey("Demo publishable key", ["publishable", "test"], ["orders:read"], random),
  };
}
