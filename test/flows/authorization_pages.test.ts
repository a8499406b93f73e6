import { describe, expect, it } from "vitest";
import { authorizationPages } from "../../src/issuer/authorization_pages.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { ClientRecord } from "../../src/ports/clients.ts";
import type { AdmittedRequest } from "../../src/protocol/authorization_transaction.ts";
import { newSessionRoot } from "../../src/protocol/client_sid.ts";
import { NO_HOLDINGS } from "../../src/protocol/holdings.ts";
import { newClientId, newSessionId, newTransactionId, newUserId } from "../../src/protocol/ids.ts";
import { NO_PEOPLE } from "../../src/protocol/person_facing.ts";

const API = "https://api.example/";
const pages = authorizationPages({
  press: { random: platformRandom, branding: { name: "Sallyport", accent: "#1f4fd8" }, host: "issuer.example" },
  defaultResource: API,
  scopeInWords: (resource, scope) => `${scope} at ${resource}`,
});
const CLIENT: ClientRecord = {
  id: newClientId(platformRandom),
  name: 'Shop "><script>alert(1)</script>',
  authMethods: ["none"],
  grantTypes: ["authorization_code"],
  scopes: [],
  defaultScopes: null,
  roles: [],
  assignments: [],
  attributes: {},
  person: NO_PEOPLE,
  disabled: false,
  epoch: 1,
  version: 1,
  createdAtMs: 0,
  updatedAtMs: 0,
};
const REQUEST: AdmittedRequest = {
  clientId: CLIENT.id,
  redirectUri: "https://shop.example/cb",
  responseMode: "query",
  state: '"><script>alert(2)</script>',
  scopes: ["openid", "email", "offline_access", "orders:read"],
  resource: null,
  codeChallenge: null,
  prompts: [],
  maxAgeSeconds: null,
  loginHint: null,
  uiLocales: null,
  nonce: null,
  expectedSubject: null,
};
const SESSION = {
  id: newSessionId(platformRandom),
  root: newSessionRoot(platformRandom),
  amr: [],
  acr: null,
  label: "",
  createdAtMs: 0,
  authTimeMs: 0,
};
const VIEW = {
  transaction: newTransactionId(platformRandom),
  request: REQUEST,
  client: CLIENT,
  signedIn: {
    user: { id: newUserId(platformRandom), email: "ann@people.example", ...NO_HOLDINGS },
    session: { ...SESSION, lastSeenAtMs: 0, endsAtMs: 1, accountEpoch: 1, withdrawals: 0 },
  },
  lastsSeconds: 30 * 86_400,
  formToken: "the-form-token",
};

async function read(page: Promise<Response>) {
  const response = await page;
  const html = await response.text();
  expect(html).not.toContain("<script>alert");
  return { response, html };
}

describe("V10.7.2: the authorization endpoint's pages", () => {
  it("consent names client, destination, person, API, scopes in words and how long; its form is sealed", async () => {
    const { response, html } = await read(pages.consent(VIEW));
    for (const text of [
      "Shop",
      "shop.example",
      "ann@people.example",
      API,
      `orders:read at ${API}`,
      "30 days",
      "email address",
    ]) {
      expect(html).toContain(text);
    }
    expect(html).toContain('value="the-form-token"');
    expect(html).toContain(VIEW.transaction);
    expect(response.headers.get("content-security-policy")).toContain("form-action 'self' https:;");
  });

  it("the choice of an account goes back to the dispatcher", async () => {
    const { html } = await read(pages.selectAccount(VIEW));
    expect(html).toContain('action="/oauth2/authorize/resume"');
  });

  it("a posted answer carries its fields, encoded", async () => {
    const fields = [["state", REQUEST.state ?? ""]] as const;
    const { html } = await read(pages.formPost(CLIENT, { kind: "form_post", action: REQUEST.redirectUri, fields }));
    expect(html).toContain("&quot;&gt;&lt;script&gt;alert(2)");
  });

  it("a refusal is 400, and leads on only where it may", async () => {
    const error = { code: "invalid_scope", description: "a scope is unknown", reason: "scope_not_allowed" } as const;
    const step = { kind: "refused", error, clientId: null, leave: null } as const;
    const { response, html } = await read(pages.refused(step, "request-1", null));
    expect(response.status).toBe(400);
    expect(html).toContain("request-1");
    expect(html).not.toContain("Go back to the application");
    const leave = "https://shop.example/cb?error=invalid_scope";
    expect((await read(pages.refused(step, "request-1", leave))).html).toContain(`href="${leave}"`);
  });
});
