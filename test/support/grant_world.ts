import { env } from "cloudflare:workers";
import { D1Users } from "../../src/adapters/d1/users.ts";
import { installedConfig } from "../../src/compose/stores.ts";
import { sha256Base64url, toBase64url } from "../../src/kernel/bytes.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { GrantLifetimes } from "../../src/ports/accounts.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import type { GrantTerms } from "../../src/protocol/grant_terms.ts";
import { NO_HOLDINGS } from "../../src/protocol/holdings.ts";
import { type GrantId, newGrantId, newSessionId, newUserId } from "../../src/protocol/ids.ts";
import { formatOpaqueToken } from "../../src/protocol/opaque_token.ts";
import { NO_PEOPLE, type PersonFacing } from "../../src/protocol/person_facing.ts";
import {
  backstage,
  type ClientWishes,
  type Isolate,
  type RegisteredClient,
  registerClient,
  type Told,
} from "./issuer_world.ts";
import { secret } from "./logs.ts";
import { basic, type Parameters, postForm } from "./token_requests.ts";

export const REDIRECT_URI = "https://app.example/cb";

/** Registers a user in D1, as sign-up would. */
export async function registerUser(wishes: Partial<UserRecord> = {}): Promise<UserRecord> {
  const id = newUserId(platformRandom);
  const user: UserRecord = {
    id,
    email: `${id}@people.example`,
    emailVerified: true,
    passwordHash: null,
    profile: {},
    ...NO_HOLDINGS,
    disabled: false,
    version: 1,
    createdAtMs: Date.now(),
    updatedAtMs: Date.now(),
    ...wishes,
  };
  await new D1Users(backstage.db).insert(user, user.email.toLowerCase());
  return user;
}

/** What a test wants of a client that acts for people. */
export interface AppWishes extends Omit<ClientWishes, "person"> {
  readonly person?: Partial<PersonFacing>;
}

/** A confidential client through which people act; `public` makes it one without a secret. */
export function registerApp({ person, ...wishes }: AppWishes = {}): Promise<RegisteredClient> {
  return registerClient({
    grantTypes: ["authorization_code", "refresh_token"],
    scopes: ["openid", "profile", "email", "phone", "address", "offline_access", "orders:read", "orders:write"],
    ...wishes,
    person: { ...NO_PEOPLE, redirectUris: [REDIRECT_URI], ...person },
  });
}

/** A public client: it has no secret, and proves nothing of itself. */
export async function registerPublicApp(wishes: AppWishes = {}): Promise<RegisteredClient> {
  const app = await registerApp({ authMethods: ["none"], secrets: [], ...wishes });
  return { ...app, secret: "" };
}

/** The configured life times of grants, in milliseconds. */
export function configuredLifetimes(): GrantLifetimes {
  const { grants } = installedConfig(env).issuer;
  return {
    codeMs: grants.codeSeconds * 1000,
    refreshIdleMs: grants.refreshIdleSeconds * 1000,
    refreshAbsoluteMs: grants.refreshAbsoluteSeconds * 1000,
    codeRetryMs: grants.codeRetrySeconds * 1000,
    refreshRetryMs: grants.refreshRetrySeconds * 1000,
    onReuse: grants.onReuse,
  };
}

/** What a test wants of a code. */
export interface CodeWishes {
  readonly terms?: Partial<GrantTerms>;
  readonly lifetimes?: Partial<GrantLifetimes>;
  /** Null for a code without PKCE. */
  readonly verifier?: string | null;
}

/** A code as its client received it, with what the client remembers. */
export interface PlantedCode {
  readonly code: string;
  readonly verifier: string | null;
  readonly grantId: GrantId;
}

/** Puts a code into the account of `user`, as consent would have, and returns it. */
export async function plantCode(
  { parts: { issuer } }: Isolate,
  user: UserRecord,
  client: RegisteredClient,
  wishes: CodeWishes = {},
): Promise<PlantedCode> {
  const grantId = newGrantId(platformRandom);
  const codeSecret = newSecret();
  const verifier = wishes.verifier === undefined ? newSecret() : wishes.verifier;
  const terms: GrantTerms = {
    clientId: client.id,
    subject: user.id,
    sessionId: newSessionId(platformRandom),
    sid: "sid-of-this-client",
    scopes: ["openid", "email", "offline_access", "orders:read", "orders:write"],
    resource: null,
    nonce: "the-nonce",
    authTimeMs: Date.now() - 5_000,
    amr: ["pwd"],
    acr: null,
    refreshable: true,
    ...wishes.terms,
  };
  const codeChallenge = verifier === null ? null : await sha256Base64url(verifier);
  const codeHash = await sha256Base64url(codeSecret);
  const issue = {
    grantId,
    codeHash,
    redirectUri: REDIRECT_URI,
    codeChallenge,
    dpopThumbprint: null,
    terms,
    holdings: null,
  };
  const lifetimes = { ...configuredLifetimes(), ...wishes.lifetimes };
  const issued = await issuer.accounts.issueCode(user.id, issue, lifetimes, Date.now());
  if (issued !== "issued") throw new Error(`no code: ${issued}`);
  const sealed = await issuer.secrets.seal({ user: user.id, grant: grantId }, "code");
  return { code: secret(formatOpaqueToken("spc_", sealed, codeSecret)), verifier, grantId };
}

/** A secret of 256 random bits, which no log may hold. */
export function newSecret(): string {
  return secret(toBase64url(platformRandom(32)));
}

/** Posts to the token endpoint as `client`: by Basic where it has a secret, by its id alone where it has none. */
export async function asClient(
  isolate: Pick<Isolate, "fetch">,
  client: Pick<RegisteredClient, "id" | "secret">,
  form: Parameters,
  path = "/oauth2/token",
): Promise<Told> {
  const told =
    client.secret === ""
      ? await postForm(isolate, path, { client_id: client.id, ...form })
      : await postForm(isolate, path, form, { authorization: basic(client) });
  for (const name of ["access_token", "refresh_token", "id_token"]) {
    const value = told.json[name];
    if (typeof value === "string") secret(value);
  }
  return told;
}

/** Redeems a code; `changes` replace parameters, and leave out those that are empty. */
export function redeem(
  isolate: Pick<Isolate, "fetch">,
  client: Pick<RegisteredClient, "id" | "secret">,
  { code, verifier }: Pick<PlantedCode, "code" | "verifier">,
  changes: Parameters = {},
): Promise<Told> {
  const form = { grant_type: "authorization_code", code, redirect_uri: REDIRECT_URI };
  return asClient(isolate, client, { ...form, ...(verifier === null ? {} : { code_verifier: verifier }), ...changes });
}

/** Presents a refresh token. */
export function refresh(
  isolate: Pick<Isolate, "fetch">,
  client: Pick<RegisteredClient, "id" | "secret">,
  refreshToken: unknown,
  parameters: Parameters = {},
): Promise<Told> {
  return asClient(isolate, client, {
    grant_type: "refresh_token",
    refresh_token: String(refreshToken),
    ...parameters,
  });
}

/** The first tokens of a new grant, or a failure that says what came instead. */
export async function signIn(
  isolate: Isolate,
  user: UserRecord,
  client: RegisteredClient,
  wishes: CodeWishes = {},
): Promise<Told["json"]> {
  const told = await redeem(isolate, client, await plantCode(isolate, user, client, wishes));
  if (told.status !== 200) throw new Error(`no tokens: ${told.status} ${told.text}`);
  return told.json;
}
