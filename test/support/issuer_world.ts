import { applyD1Migrations, createExecutionContext, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { D1Clients } from "../../src/adapters/d1/clients.ts";
import { type Bindings, type Environment, need, readBindings } from "../../src/bindings.ts";
import { composeHosts } from "../../src/compose/config.ts";
import { composeIssuer, composeReader } from "../../src/compose/control.ts";
import { installedConfig } from "../../src/compose/stores.ts";
import { composeAuthorizer, composeRevocations } from "../../src/compose.ts";
import type { CompiledConfig } from "../../src/config/compile.ts";
import { type Apps, dispatch } from "../../src/dispatch.ts";
import { type IssuerAppParts, issuerApp } from "../../src/issuer/app.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { ClientRecord, ClientSecretRecord } from "../../src/ports/clients.ts";
import type { Revocations } from "../../src/ports/edge_feed.ts";
import { hashClientSecret, newClientSecret } from "../../src/protocol/client_secret.ts";
import { type ClientId, newClientId, newClientSecretId } from "../../src/protocol/ids.ts";
import { NO_PEOPLE } from "../../src/protocol/person_facing.ts";
import { NO_USES } from "./keys.ts";
import { secret as unloggable } from "./logs.ts";
import { withWhatIsBehind } from "./silence.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      D1_MIGRATIONS: D1Migration[];
    }
    interface GlobalProps {
      mainModule: typeof import("../../src/worker.ts");
    }
  }
}

/** Where the installation under test answers, and its one API. */
export const ISSUER_URL = "http://localhost:8787";
export const API = `${ISSUER_URL}/`;

const found: Bindings = readBindings(env);

/** The bindings of the issuer's half, all of them there. */
export const bindings = {
  ...found,
  DB: need(found, "DB"),
  API_KEYS: need(found, "API_KEYS"),
  SIGNING_KEYS: need(found, "SIGNING_KEYS"),
  EDGE_FEED: need(found, "EDGE_FEED"),
  OUTBOX: need(found, "OUTBOX"),
};

/** The issuer's stores and objects as they are, for looking behind its back. */
export const backstage = {
  db: bindings.DB,
  kv: bindings.API_KEYS,
  ring: () => bindings.SIGNING_KEYS.getByName("one"),
  feed: () => bindings.EDGE_FEED.getByName("one"),
  courier: () => bindings.OUTBOX.getByName("one"),
};

/** Applies the migrations: once per test file, whose storage is its own. */
export function migrate(): Promise<void> {
  return applyD1Migrations(backstage.db, env.D1_MIGRATIONS);
}

/** What a test wants of a client; the rest is a machine client that may read and write orders. */
export interface ClientWishes extends Partial<Omit<ClientRecord, "id">> {
  /** Secrets in the clear with their ends; one without an end when absent. */
  readonly secrets?: readonly { readonly text: string; readonly expiresAtMs: number | null }[];
}

/** A client as its owner holds it. */
export interface RegisteredClient {
  readonly id: ClientId;
  /** Its first secret. */
  readonly secret: string;
  readonly record: ClientRecord;
}

/** Registers a client in D1, as the admin API would. */
export async function registerClient({ secrets, ...wishes }: ClientWishes = {}): Promise<RegisteredClient> {
  const id = newClientId(platformRandom);
  const texts = secrets ?? [{ text: newClientSecret(platformRandom) as string, expiresAtMs: null }];
  const record: ClientRecord = {
    id,
    name: "test client",
    authMethods: ["client_secret_basic", "client_secret_post"],
    grantTypes: ["client_credentials"],
    scopes: ["orders:read", "orders:write"],
    defaultScopes: null,
    roles: [],
    assignments: [],
    attributes: {},
    person: NO_PEOPLE,
    disabled: false,
    epoch: 1,
    version: 1,
    createdAtMs: Date.now(),
    updatedAtMs: Date.now(),
    ...wishes,
  };
  await new D1Clients(backstage.db).insert({ client: record, secrets: await Promise.all(texts.map(secretRecord)) });
  for (const { text } of texts) unloggable(text);
  return { id, secret: texts[0]?.text ?? "", record };
}

async function secretRecord({
  text,
  expiresAtMs,
}: {
  text: string;
  expiresAtMs: number | null;
}): Promise<ClientSecretRecord> {
  const hash = await hashClientSecret(text);
  return {
    id: newClientSecretId(platformRandom),
    hash,
    lastFour: text.slice(-4),
    createdAtMs: Date.now(),
    expiresAtMs,
  };
}

/** An answer, read whole. `json` is an empty object where the answer is not JSON. */
export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** One isolate of the whole app, with caches of its own. */
export interface Isolate {
  readonly parts: IssuerAppParts;
  readonly revocations: Revocations;
  fetch(path: string | URL | Request, init?: RequestInit): Promise<Told>;
}

/** What a test changes of an isolate's wiring. */
export interface IsolateWishes {
  readonly config?: CompiledConfig;
  /** Bindings in the place of the real ones. */
  readonly bindings?: Environment;
}

/** Opens an isolate wired as `src/worker.ts` wires one, but for the wishes. */
export function openIsolate({ config = installedConfig(env), bindings: other = {} }: IsolateWishes = {}): Isolate {
  const environment: Environment = { ...bindings, ...other };
  const reader = composeReader(environment);
  const revocations = composeRevocations(reader);
  const parts = composeIssuer(environment, config, revocations);
  const authorizer = composeAuthorizer(environment, config, { reader, revocations, uses: NO_USES, unlisted: null });
  const apps: Apps = { ...composeHosts(config), issuer: issuerApp(parts), admin: null, authorizer };
  return {
    parts,
    revocations,
    async fetch(path, init) {
      const request = path instanceof Request ? path : new Request(new URL(path, ISSUER_URL), init);
      const ctx = createExecutionContext();
      return withWhatIsBehind(ctx, async () => readWhole(await dispatch(request, ctx, apps)));
    },
  };
}

/** Reads `response` whole. */
export async function readWhole(response: Response): Promise<Told> {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("content-type") ?? "") && text !== "";
  return { status: response.status, headers: response.headers, text, json: JSON.parse(isJson ? text : "{}") };
}
