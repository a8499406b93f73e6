import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { Hono } from "hono";
import { requestScope, type ScopedEnv } from "../../src/http/request_scope.ts";
import { logoutRoutes } from "../../src/issuer/logout_route.ts";
import { subjectFor } from "../../src/issuing/finish_authorization.ts";
import { openSession } from "../../src/issuing/open_session.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { clientSid, type SessionRoot } from "../../src/protocol/client_sid.ts";
import type { SessionId } from "../../src/protocol/ids.ts";
import { type CodeWishes, plantCode, redeem, registerApp, registerUser } from "./grant_world.ts";
import { ISSUER_URL, openIsolate, type RegisteredClient, readWhole, type Told } from "./issuer_world.ts";
import { secret } from "./logs.ts";

export const isolate = openIsolate();
const { issuer, desks } = isolate.parts;
const { people } = desks.pages;

const app = new Hono<ScopedEnv>();
app.use(requestScope());
logoutRoutes(app, isolate.parts);

export const BACK = "https://app.example/signed-out";

/** A client that registered where browsers return to; `hears` is its back-channel endpoint. */
export function registerRelyingParty(hears: string | null = null, wishes: Parameters<typeof registerApp>[0] = {}) {
  const person = { postLogoutRedirectUris: [BACK], backchannelLogoutUri: hears, ...wishes.person };
  return registerApp({ ...wishes, person });
}

/** What an app holds after its user signed in. */
export interface AppTokens {
  readonly idToken: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** One browser, with a session of the issuer's or without. */
export class LogoutBrowser {
  cookie = "";
  user: UserRecord | null = null;
  session: SessionId | null = null;

  /** Signs a user in, as the login page does once the password was right: in the place of whoever was signed in before. */
  async signIn(user?: UserRecord): Promise<UserRecord> {
    const person = user ?? (await registerUser());
    const visitor = { address: "203.0.113.9", knownBrowser: null, label: "a test" };
    const opened = await openSession(person.id, visitor, this.session, null, people, Date.now());
    if (!opened.ok) throw new Error("the account is blocked");
    this.cookie = `sallyport_session=${secret(opened.value.token)}`;
    this.user = person;
    this.session = opened.value.id;
    return person;
  }

  /** The tokens of `client` from a code that was given in this browser's session. */
  async tokensOf(client: RegisteredClient, terms: CodeWishes["terms"] = {}): Promise<AppTokens> {
    const { user, session } = this;
    if (user === null || session === null) throw new Error("nobody is signed in");
    const told = await redeem(
      isolate,
      client,
      await plantCode(isolate, user, client, {
        terms: {
          scopes: ["openid", "orders:read"],
          sessionId: session,
          sid: await clientSid(client.id, await this.root()),
          subject: await subjectFor(user.id, client.record, people),
          ...terms,
        },
      }),
    );
    const { id_token, access_token, refresh_token } = told.json;
    return { idToken: String(id_token), accessToken: String(access_token), refreshToken: String(refresh_token) };
  }

  /** What the `sid`s of this browser's session are made of. */
  async root(): Promise<SessionRoot> {
    const sessions = this.user === null ? [] : await issuer.accounts.listSessions(this.user.id, Date.now());
    const root = sessions.find(({ id }) => id === this.session)?.root;
    if (root === undefined) throw new Error("nobody is signed in");
    return root;
  }

  async go(path: string, init: RequestInit = {}): Promise<Told> {
    const headers = new Headers(init.headers);
    if (this.cookie !== "" && !headers.has("cookie")) headers.set("cookie", this.cookie);
    const ctx = createExecutionContext();
    const response = await app.fetch(new Request(new URL(path, ISSUER_URL), { ...init, headers }), {}, ctx);
    await waitOnExecutionContext(ctx);
    return readWhole(response);
  }

  logout(parameters: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Promise<Told> {
    return this.go(`/oauth2/logout?${new URLSearchParams(parameters)}`, { headers });
  }

  post(
    parameters: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
    path = "/oauth2/logout",
  ): Promise<Told> {
    const own = { origin: ISSUER_URL, ...headers };
    return this.go(path, { method: "POST", body: new URLSearchParams(parameters), headers: own });
  }

  /** Sends the form that stands in `page`, with this decision. */
  answer(page: Told, decision: "sign_out" | "stay", changes: Readonly<Record<string, string>> = {}): Promise<Told> {
    return this.post({ ...fieldsOf(page), decision, ...changes }, {}, "/oauth2/logout/confirm");
  }

  /** Whether the cookie that it holds still opens a session. */
  async isSignedIn(): Promise<boolean> {
    if (this.user === null) return false;
    const sessions = await issuer.accounts.listSessions(this.user.id, Date.now());
    return sessions.some(({ id }) => id === this.session);
  }
}

/** The hidden fields of the form in a page. */
export function fieldsOf({ text }: Told): Record<string, string> {
  const fields = [...text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
  const entities: Readonly<Record<string, string>> = { amp: "&", quot: '"', lt: "<", gt: ">", "#39": "'" };
  return Object.fromEntries(
    fields.map(([, name = "", value = ""]) => [
      name,
      value.replace(/&(#?\w+);/g, (_, entity) => entities[entity] ?? "?"),
    ]),
  );
}

/** Whether an answer is the page that asks. */
export function asks({ status, text }: Told): boolean {
  return status === 200 && text.includes("<h1>Sign out?</h1>");
}

/** Whether an answer is the page that says that nobody is signed in any more. */
export function isOver({ status, text }: Told): boolean {
  return status === 200 && text.includes("<h1>You are signed out</h1>");
}

/** Where an answer leads, or null. */
export function location({ headers }: Told): string | null {
  return headers.get("location");
}
