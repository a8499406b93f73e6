import { beforeAll, describe, expect, it } from "vitest";
import { migrate } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { formToken, openPages, type PageBrowser } from "../support/pages_world.ts";

beforeAll(migrate);
const logs = captureLogs();
const world = openPages({ passwords: { minLength: 15 } });

async function signedIn(): Promise<{ browser: PageBrowser; token: string; email: string }> {
  const user = await world.someone();
  const browser = world.browser();
  await browser.signIn(user.email, world.password);
  return { browser, token: formToken((await browser.go("/account")).text), email: user.email };
}

const EVIL = "https://evil.test";

/** Every form: where it stands, where it goes, and whether it needs somebody to be signed in. */
const FORMS: readonly (readonly [string, string, boolean])[] = [
  ["/login", "/login", false],
  ["/register", "/register", false],
  ["/forgot", "/forgot", false],
  ["/login", "/reset", false],
  ["/login", "/verify-email", false],
  ["/account", "/account/sign-out", true],
  ["/account", "/account/sign-out-everywhere", true],
  ["/account", "/account/sessions/end", true],
  ["/account", "/account/apps/withdraw", true],
  ["/account", "/account/password", true],
];

describe("V3.5.1: a form that is not ours is refused, and changes nothing", () => {
  describe.each(FORMS)("the form on %s that goes to %s", (from, path, needsSession) => {
    async function visitor() {
      if (needsSession) return signedIn();
      const browser = world.browser();
      return { browser, token: formToken((await browser.go(from)).text), email: "" };
    }

    it.each<[string, Record<string, string>]>([
      ["another site", { origin: EVIL }],
      ["a sandboxed frame", { origin: "null" }],
      ["a neighbour's host", { origin: "https://evil.login.example.com" }],
      ["plain http", { origin: "http://login.example.com" }],
    ])("from %s", async (_, headers) => {
      const { browser, token } = await visitor();
      const told = await browser.post(path, { form_token: token }, headers);
      expect(told.status).toBe(403);
      expect(logs.events("form_refused").at(-1)).toMatchObject({ reason: "form_origin_foreign" });
    });

    it("without Origin: Sec-Fetch-Site decides, and silence is refused", async () => {
      const { browser, token } = await visitor();
      const send = (site: Record<string, string>) =>
        browser.go(path, { method: "POST", body: new URLSearchParams({ form_token: token }), headers: site });
      expect((await send({})).status).toBe(403);
      expect((await send({ "sec-fetch-site": "cross-site" })).status).toBe(403);
      // Positive control: the same request, said to come from here, gets as far as its fields.
      expect((await send({ "sec-fetch-site": "same-origin" })).status).not.toBe(403);
    });

    it("with no token, another browser's, and one that was made up", async () => {
      const [own, other] = [await visitor(), await visitor()];
      for (const token of ["", other.token, `${own.token.slice(0, -1)}x`]) {
        expect((await own.browser.post(path, { form_token: token })).status).toBe(403);
      }
    });

    it("as text/plain, which a form of another site may send, and as JSON", async () => {
      const { browser, token } = await visitor();
      for (const type of ["text/plain", "application/json", "multipart/form-data; boundary=x"]) {
        const body = `form_token=${token}`;
        const headers = { origin: "https://login.example.com", "content-type": type };
        expect((await browser.go(path, { method: "POST", body, headers })).status).toBe(415);
      }
    });

    it("a GET of it does nothing (V3.5.3)", async () => {
      if (!needsSession) return;
      const { browser } = await signedIn();
      const told = await browser.go(path);
      expect(told.status).toBe(405);
      expect(told.headers.get("allow")).toBe("POST");
      expect((await browser.go("/account")).status).toBe(200);
    });
  });

  it("a token from before sign-in does nothing for the account (login CSRF, session fixation)", async () => {
    const user = await world.someone();
    const browser = world.browser();
    const before = formToken((await browser.go("/login")).text);
    await browser.signIn(user.email, world.password);
    expect((await browser.post("/account/sign-out", { form_token: before })).status).toBe(403);
    expect((await browser.go("/account")).status).toBe(200);
  });

  it("a planted pair of cookie and token is of no use without the server's key", async () => {
    const browser = world.browser();
    const id = "A".repeat(43);
    const forged = `${"A".repeat(22)}.${"A".repeat(43)}`;
    const headers = { cookie: `__Host-sallyport_browser=${id}` };
    expect((await browser.post("/login", { form_token: forged, email: "a@b.example" }, headers)).status).toBe(403);
  });
});

describe("every page, whatever it says", () => {
  const PATHS = [
    "/login",
    "/register",
    "/register/sent",
    "/forgot",
    "/forgot/sent",
    "/reset?token=x",
    "/reset/done",
    "/verify-email?token=x",
    "/verify-email/done",
    "/account/signed-out",
    "/account/sign-out",
  ];

  it.each(PATHS)("V3.4, V4.1.1: %s is never stored, framed, guessed or scripted", async (path) => {
    const { headers, text } = await world.browser().go(path);
    const csp = headers.get("content-security-policy") ?? "";
    const nonce = /style-src 'nonce-([\w-]{22})'/.exec(csp)?.[1];
    expect(text).toContain(`<style nonce="${nonce}">`);
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"]) {
      expect(csp).toContain(part);
    }
    expect(csp).not.toMatch(/unsafe|\*/);
    expect(csp).toContain("form-action 'self'");
    expect(Object.fromEntries(headers)).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "x-frame-options": "DENY",
      "x-content-type-options": "nosniff",
      "referrer-policy": "same-origin",
      "cross-origin-opener-policy": "same-origin",
      "strict-transport-security": expect.stringContaining("max-age="),
    });
    expect(headers.get("x-request-id")).toMatch(/^[\w-]{36}$/);
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(text).toMatch(/^<!doctype html><html lang="en">/);
  });

  it("the nonce is another one each time", async () => {
    const policies = await Promise.all([1, 2].map(async () => (await world.browser().go("/login")).headers));
    expect(new Set(policies.map((headers) => headers.get("content-security-policy"))).size).toBe(2);
  });
});
