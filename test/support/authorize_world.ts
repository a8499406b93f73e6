import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { Hono } from "hono";
import { expect } from "vitest";
import { D1Consents } from "../../src/adapters/d1/consents.ts";
import { D1PairwiseSubjects } from "../../src/adapters/d1/pairwise_subjects.ts";
import { JoseIdTokenHints } from "../../src/adapters/jose_id_token_hints.ts";
import { VerificationKeys } from "../../src/adapters/jose_verification_keys.ts";
import { remoteAuthorizationTransactions } from "../../src/adapters/remote/authorization_transactions.ts";
import { need } from "../../src/bindings.ts";
import { cookieRules } from "../../src/http/cookies.ts";
import { requestScope, type ScopedEnv } from "../../src/http/request_scope.ts";
import type { AuthorizationDesk, AuthorizationPages } from "../../src/issuer/authorization_desk.ts";
import { authorizeRoute, chooseAccountRoute, resumeRoute } from "../../src/issuer/authorize_route.ts";
import { consentPageRoute, consentRoute } from "../../src/issuer/consent_route.ts";
import { consentGiver, type SignedIn } from "../../src/issuing/authorizing.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { newSessionRoot } from "../../src/protocol/client_sid.ts";
import { newSessionId } from "../../src/protocol/ids.ts";
import { configuredLifetimes, newSecret, REDIRECT_URI, registerUser } from "./grant_world.ts";
import {
  backstage,
  bindings,
  ISSUER_URL,
  openIsolate,
  type RegisteredClient,
  readWhole,
  type Told,
} from "./issuer_world.ts";

export const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
export const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

const isolate = openIsolate();
export const { issuer } = isolate.parts;
export const consents = new D1Consents(backstage.db);
export const subjects = new D1PairwiseSubjects(backstage.db, platformRandom);
export const tokens = isolate;

async function publishedKeys() {
  return (await backstage.ring().published()).keys.map((key) => ({ ...key }));
}

const LIFE_MS = 1_800_000;

/** Pages as the data that they are made of: what they look like is tested in a browser. */
const PAGES: AuthorizationPages = {
  consent: async ({ transaction, formToken, client, request, signedIn, lastsSeconds }) =>
    Response.json({
      page: "consent",
      tx: transaction,
      formToken,
      client: client.name,
      scopes: request.scopes,
      person: signedIn.user.email,
      lastsSeconds,
    }),
  selectAccount: async ({ transaction, formToken }) =>
    Response.json({ page: "select_account", tx: transaction, formToken }),
  formPost: async (_client, { action, fields }) => Response.json({ page: "form_post", action, fields }),
  refused: async ({ error }, _requestId, leave) =>
    Response.json({ page: "refused", error: error.code, reason: error.reason, leave }, { status: 400 }),
};

/** One browser: its cookies, and who is signed in in it. Time is the platform's, plus what a test lets pass. */
export class TestBrowser {
  signedIn: SignedIn | null = null;
  #cookie = "";
  readonly #app = new Hono<ScopedEnv>();

  constructor() {
    const desk: AuthorizationDesk = {
      authorizing: {
        issuer,
        transactions: remoteAuthorizationTransactions((id) => need(bindings, "TRANSACTIONS").getByName(id)),
        consents,
        subjects,
        lifetimes: configuredLifetimes(),
        transactionMs: LIFE_MS,
        hints: new JoseIdTokenHints(ISSUER_URL, new VerificationKeys({ fetch: publishedKeys })),
      },
      pages: PAGES,
      forms: { origin: ISSUER_URL, digest: (purpose, text) => issuer.secrets.digest(purpose, text) },
      cookies: cookieRules(ISSUER_URL),
      random: platformRandom,
      signedIn: async () => this.signedIn,
    };
    this.#app.use(requestScope());
    this.#app.on(["GET", "POST"], "/oauth2/authorize", (c) => authorizeRoute(c, desk));
    this.#app.get("/oauth2/authorize/resume", (c) => resumeRoute(c, desk));
    this.#app.post("/oauth2/authorize/resume", (c) => chooseAccountRoute(c, desk));
    this.#app.get("/consent", (c) => consentPageRoute(c, desk));
    this.#app.post("/consent", (c) => consentRoute(c, desk));
  }

  /** Signs a user in, in a session of the account's own; `agoMs` is how long ago the password was typed. */
  async signIn(user?: UserRecord, agoMs = 0): Promise<UserRecord> {
    const person = user ?? (await registerUser());
    const nowMs = Date.now() - agoMs;
    const opening = {
      id: newSessionId(platformRandom),
      root: newSessionRoot(platformRandom),
      secretHash: newSecret(),
      amr: ["pwd"],
      acr: null,
      label: "test",
    };
    const lengths = { idleMs: 3_600_000, absoluteMs: 86_400_000, replaces: null };
    await issuer.accounts.openSession(person.id, { ...opening, ...lengths }, nowMs);
    const session = await issuer.accounts.findSession(person.id, opening.secretHash, Date.now());
    if (session === null) throw new Error("no session");
    this.signedIn = { user: person, session };
    return person;
  }

  /** Who is signed in agrees to `scopes` of the default API for `client`. */
  async agree(client: { readonly id: string }, scopes: readonly string[]): Promise<void> {
    if (this.signedIn === null) throw new Error("nobody");
    await consents.add(consentGiver(this.signedIn), client.id, "", scopes, Date.now());
  }

  async go(path: string, init: RequestInit = {}): Promise<Told> {
    const ctx = createExecutionContext();
    const headers = new Headers(init.headers);
    if (this.#cookie !== "") headers.set("cookie", this.#cookie);
    const response = await this.#app.fetch(new Request(new URL(path, ISSUER_URL), { ...init, headers }), {}, ctx);
    await waitOnExecutionContext(ctx);
    this.#cookie = response.headers.get("set-cookie")?.split(";")[0] ?? this.#cookie;
    return readWhole(response);
  }

  /** A form of our own page. */
  post(
    path: string,
    form: Readonly<Record<string, unknown>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Told> {
    const body = new URLSearchParams(Object.entries(form).map(([name, value]) => [name, String(value)]));
    return this.go(path, { method: "POST", body, headers: { origin: ISSUER_URL, ...headers } });
  }

  /** Asks for authorization; `changes` replace parameters, and leave out those that are undefined. */
  authorize(
    client: { readonly id: string },
    changes: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Told> {
    return this.go(`/oauth2/authorize?${query(client, changes)}`);
  }
}

/** The query of a good authorization request, changed. */
export function query(
  client: { readonly id: string },
  changes: Readonly<Record<string, string | undefined>> = {},
): string {
  const good = {
    client_id: client.id,
    redirect_uri: REDIRECT_URI,
    response_type: "code",
    scope: "openid orders:read",
    state: "the state",
    nonce: "the-nonce",
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
  };
  const fields = Object.entries({ ...good, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  return new URLSearchParams(fields).toString();
}

/** Where an answer leads, and what it carries. */
export function landed({ status, headers }: Told): {
  readonly status: number;
  readonly at: string;
  readonly fields: Record<string, string>;
} {
  const url = new URL(headers.get("location") ?? "", ISSUER_URL);
  const fields = new URLSearchParams(url.hash === "" ? url.search : url.hash.slice(1));
  const own = url.origin === ISSUER_URL;
  return { status, at: own ? url.pathname : `${url.origin}${url.pathname}`, fields: Object.fromEntries(fields) };
}

/** A browser in which a user has agreed to what `client` asks for by default. */
export async function agreed(client: RegisteredClient, scopes = ["openid", "orders:read"]): Promise<TestBrowser> {
  const browser = new TestBrowser();
  await browser.signIn(undefined, 60_000);
  await browser.agree(client, scopes);
  return browser;
}

/** The `Location` of an answer. */
export function locationOf(told: Told): string {
  return told.headers.get("location") ?? "";
}

/** Expects the code of the one registered redirect URI, with everything that goes with it, and returns it. */
export function expectCode(told: Told): string {
  const { status, at, fields } = landed(told);
  expect([status, at], told.text).toEqual([303, REDIRECT_URI]);
  expect(Object.keys(fields)).toEqual(["code", "state", "iss"]);
  expect([fields.state, fields.iss]).toEqual(["the state", ISSUER_URL]);
  expect(fields.code).toMatch(/^spc_[\w-]+\.[\w-]{43}$/);
  return fields.code ?? "";
}

/** Expects an error by redirect, with everything that goes with it. */
export function expectError(told: Told, error: string): void {
  const { status, at, fields } = landed(told);
  expect([status, at, fields.error], told.text).toEqual([303, REDIRECT_URI, error]);
  expect(Object.keys(fields)).toEqual(["error", "error_description", "state", "iss"]);
  expect([fields.state, fields.iss]).toEqual(["the state", ISSUER_URL]);
}

/** An ID token for `client`, as this issuer signs them but for `changes`. */
export function idTokenOf(
  client: { readonly id: string },
  subject: string,
  changes: Readonly<Record<string, unknown>> = {},
  type = "JWT",
): Promise<string> {
  const nowMs = Date.now();
  const seconds = Math.floor(nowMs / 1000);
  const claims = { iss: ISSUER_URL, sub: subject, aud: client.id, iat: seconds, exp: seconds + 300, ...changes };
  return issuer.signer.sign({ alg: "ES256", type, claims, nowMs, leastRingVersion: 0 }, () => undefined);
}
