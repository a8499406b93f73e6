import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { Hono } from "hono";
import { D1Clients } from "../../src/adapters/d1/clients.ts";
import { D1Consents } from "../../src/adapters/d1/consents.ts";
import { remoteAccounts } from "../../src/adapters/remote/accounts.ts";
import { need } from "../../src/bindings.ts";
import { cookieRules } from "../../src/http/cookies.ts";
import { requestScope, type ScopedEnv } from "../../src/http/request_scope.ts";
import type { WebApp } from "../../src/http/web_app.ts";
import type { LoginContext } from "../../src/issuer/login_context.ts";
import type { PageDesk } from "../../src/issuer/page_desk.ts";
import { pageRoutes } from "../../src/issuer/page_routes.ts";
import { bindings, readWhole, type Told } from "./issuer_world.ts";
import { secret as unloggable } from "./logs.ts";
import { openPeople, type PeopleWishes } from "./people_world.ts";

export const PAGES_URL = "https://login.example.com";

/** What a test changes of the pages. */
export interface PagesWishes extends PeopleWishes {
  readonly loginContext?: (tx: string, browserId: string) => LoginContext | null;
}

/** The pages on real accounts, guesses and tables, and browsers to open them in. */
export function openPages({ loginContext, ...wishes }: PagesWishes = {}) {
  const accounts = remoteAccounts((user) => need(bindings, "ACCOUNTS").getByName(user));
  const world = openPeople({ ...wishes, parts: { accounts, ...wishes.parts } });
  const { people } = world;
  const consents = new D1Consents(bindings.DB);
  const desk: PageDesk = {
    people,
    connections: { accounts, clients: new D1Clients(bindings.DB), consents },
    loginContext: async (tx, browserId) => loginContext?.(tx, browserId) ?? null,
    press: { branding: { name: "Harbour", accent: "#1f4fd8" }, host: "login.example.com", random: people.random },
    forms: { origin: PAGES_URL, digest: (purpose, text) => people.secrets.digest(purpose, text) },
    cookies: cookieRules(PAGES_URL),
    scopeInWords: (_, scope) => `May ${scope}`,
  };
  const app = new Hono<ScopedEnv>();
  app.use(requestScope());
  pageRoutes(app, desk);
  return { ...world, accounts, consents, desk, app, browser: (wishes?: BrowserWishes) => new PageBrowser(app, wishes) };
}

export interface BrowserWishes {
  readonly address?: string;
  readonly userAgent?: string;
  /** Where the pages are; `PAGES_URL` where absent. */
  readonly url?: string;
}

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/** A browser with a jar of cookies, at an address of its own. Redirects are not followed. */
export class PageBrowser {
  readonly jar = new Map<string, string>();
  readonly #app: WebApp;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(
    app: WebApp,
    { address = crypto.randomUUID(), userAgent = FIREFOX, url = PAGES_URL }: BrowserWishes = {},
  ) {
    this.#app = app;
    this.#url = url;
    this.#headers = { "cf-connecting-ip": address, "user-agent": userAgent };
  }

  async go(path: string, init: RequestInit = {}): Promise<Told> {
    const headers = new Headers({ ...this.#headers, ...Object.fromEntries(new Headers(init.headers)) });
    const cookies = [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ");
    if (cookies !== "" && !headers.has("cookie")) headers.set("cookie", cookies);
    const ctx = createExecutionContext();
    const response = await this.#app.fetch(new Request(new URL(path, this.#url), { ...init, headers }), {}, ctx);
    await waitOnExecutionContext(ctx);
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return readWhole(response);
  }

  /** Posts `fields` to `path` as our own page would, with the token that stands in the page at `from`. */
  async submit(from: string, path: string, fields: Readonly<Record<string, string>>): Promise<Told> {
    const { text } = await this.go(from);
    return this.post(path, { form_token: formToken(text), ...fields });
  }

  post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Told> {
    return this.go(path, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { origin: new URL(this.#url).origin, ...headers },
    });
  }

  signIn(email: string, password: string): Promise<Told> {
    return this.submit("/login", "/login", { email, password });
  }

  #keep(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const at = pair.indexOf("=");
    if (attributes.includes("Max-Age=0")) this.jar.delete(pair.slice(0, at));
    else this.jar.set(pair.slice(0, at), pair.slice(at + 1));
    if (pair.startsWith("__Host-sallyport_session=sps_")) unloggable(pair.slice(at + 1));
  }
}

/** The token in the first form of a page. */
export function formToken(html: string): string {
  return /name="form_token" value="([^"]*)"/.exec(html)?.[1] ?? "";
}
