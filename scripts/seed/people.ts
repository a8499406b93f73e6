import { argon2Sync } from "node:crypto";
import type { D1Database, D1PreparedStatement } from "@cloudflare/workers-types";
import { type RandomBytes, toBase62 } from "../../src/kernel/random.ts";
import { hashClientSecret, newClientSecret } from "../../src/protocol/client_secret.ts";
import { normaliseEmail } from "../../src/protocol/email_address.ts";
import { DEVICE_CODE_GRANT } from "../../src/protocol/grant_types.ts";
import { type ClientId, newClientId, newClientSecretId, newUserId, type UserId } from "../../src/protocol/ids.ts";
import { formatPhc } from "../../src/protocol/phc_string.ts";
import { insertRelations } from "./relations.ts";
import { insertRoles } from "./roles.ts";

/** A user to seed, with the password that only the credentials file will know. */
export interface DemoUser {
  readonly id: UserId;
  readonly email: string;
  readonly name: string;
  readonly roles: readonly string[];
  /** A tenant in which the user is an editor. */
  readonly tenant: string;
  readonly department: string;
  readonly password: string;
  readonly passwordHash: string;
}

/** A client through which people act. */
export interface PersonClient {
  readonly id: ClientId;
  readonly name: string;
  readonly redirectUris: readonly string[];
  /** Null for a public client. */
  readonly secret: string | null;
  readonly secretHash: string | null;
  readonly secretId: string;
  readonly firstParty: boolean;
}

/** The people of a fresh clone, and the clients that they use. */
export interface DemoPeople {
  readonly users: readonly DemoUser[];
  readonly publicClient: PersonClient;
  readonly webClient: PersonClient;
  readonly firstPartyClient: PersonClient;
}

const COST = { memoryKiB: 19_456, passes: 2 };
const SALT_BYTES = 32;
const TAG_BYTES = 32;
const PASSWORD_BYTES = 15;
const SCOPES = ["openid", "profile", "email", "offline_access", "orders:read", "orders:write"];
/** Native clients wait on a loopback port of their own choice (RFC 8252 §7.3). */
const LOOPBACK = ["http://127.0.0.1/callback"];

/** New demo people; every secret comes from `random`. */
export async function newDemoPeople(random: RandomBytes): Promise<DemoPeople> {
  return {
    users: [
      demoUser("ada@example.com", "Ada Lovelace", { roles: [], tenant: "acme", department: "engineering" }, random),
      demoUser(
        "grace@example.com",
        "Grace Hopper",
        { roles: ["manager"], tenant: "globex", department: "sales" },
        random,
      ),
    ],
    publicClient: await personClient("Demo command line", { redirectUris: LOOPBACK }, random),
    webClient: await personClient("Demo web shop", { redirectUris: LOOPBACK, confidential: true }, random),
    firstPartyClient: await personClient("Demo mobile app", { redirectUris: LOOPBACK, firstParty: true }, random),
  };
}

function demoUser(
  email: string,
  name: string,
  held: Pick<DemoUser, "roles" | "tenant" | "department">,
  random: RandomBytes,
): DemoUser {
  const password = toBase62(random(PASSWORD_BYTES), 20);
  const salt = random(SALT_BYTES);
  const parameters = { nonce: salt, parallelism: 1, tagLength: TAG_BYTES, memory: COST.memoryKiB, passes: COST.passes };
  const tag = new Uint8Array(argon2Sync("argon2id", { message: password, ...parameters }));
  return { id: newUserId(random), email, name, ...held, password, passwordHash: formatPhc({ ...COST, salt, tag }) };
}

async function personClient(
  name: string,
  wishes: { readonly redirectUris: readonly string[]; readonly confidential?: boolean; readonly firstParty?: boolean },
  random: RandomBytes,
): Promise<PersonClient> {
  const secret = wishes.confidential === true ? newClientSecret(random) : null;
  return {
    id: newClientId(random),
    name,
    redirectUris: wishes.redirectUris,
    secret,
    secretHash: secret === null ? null : await hashClientSecret(secret),
    secretId: newClientSecretId(random),
    firstParty: wishes.firstParty ?? false,
  };
}

/** The rows of `people`. */
export function insertPeople(db: D1Database, people: DemoPeople, nowMs: number): readonly D1PreparedStatement[] {
  const { users, publicClient, webClient, firstPartyClient } = people;
  return [
    ...insertRoles(db, nowMs),
    ...users.map((user) => insertUser(db, user, nowMs)),
    ...[publicClient, webClient, firstPartyClient].flatMap((client) => insertPersonClient(db, client, nowMs)),
    ...insertRelations(db, users, nowMs),
  ];
}

function insertUser(db: D1Database, user: DemoUser, nowMs: number): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO users (id, email, normalised_email, email_verified, password_hash, profile, roles, assignments,
       attributes, created_at, updated_at) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .bind(
      user.id,
      user.email,
      normaliseEmail(user.email),
      user.passwordHash,
      JSON.stringify({ name: user.name }),
      JSON.stringify(user.roles),
      JSON.stringify([{ role: "editor", tenant: user.tenant, until: null }]),
      JSON.stringify({ department: user.department }),
      nowMs,
      nowMs,
    );
}

function insertPersonClient(db: D1Database, client: PersonClient, nowMs: number): readonly D1PreparedStatement[] {
  const methods = client.secret === null ? ["none"] : ["client_secret_basic", "client_secret_post"];
  const insert = db
    .prepare(
      `INSERT INTO clients (id, name, auth_methods, grant_types, scopes, default_scopes, roles, application_type,
       redirect_uris, first_party, created_at, updated_at) VALUES (?, ?, ?, ?, ?, NULL, '[]', 'native', ?, ?, ?, ?)`,
    )
    .bind(
      client.id,
      client.name,
      JSON.stringify(methods),
      JSON.stringify(["authorization_code", "refresh_token", DEVICE_CODE_GRANT]),
      JSON.stringify(SCOPES),
      JSON.stringify(client.redirectUris),
      client.firstParty ? 1 : 0,
      nowMs,
      nowMs,
    );
  if (client.secret === null) return [insert];
  return [
    insert,
    db
      .prepare("INSERT INTO client_secrets (id, client_id, hash, last_four, created_at) VALUES (?, ?, ?, ?, ?)")
      .bind(client.secretId, client.id, client.secretHash, client.secret.slice(-4), nowMs),
  ];
}
