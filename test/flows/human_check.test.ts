// Long because each form that may ask whether a person is there is tried with and without, here where the service stands in.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Environment } from "../../src/bindings.ts";
import { composeHumanCheck } from "../../src/compose/human.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import type { HumanCheck } from "../../src/issuing/human_check.ts";
import { Kept } from "../../src/kernel/kept.ts";
import { openFirstParty, ownApp, PASSWORD, someone as registered } from "../support/first_party_world.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import { compiled } from "../support/install.ts";
import { migrate, type RegisteredClient } from "../support/issuer_world.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { openPages } from "../support/pages_world.ts";
import { serveTurnstile, TURNSTILE_SECRET, type TurnstileStandIn } from "../support/turnstile.ts";

const logs = captureLogs();
const network = stubNetwork();
const WRONG = secret("some other words entirely");
const SITE = { hostname: "issuer.test" };
const FIELD = "cf-turnstile-response";
let turnstile: TurnstileStandIn;

beforeAll(migrate);
beforeEach(() => {
  turnstile = serveTurnstile(network);
});

type Asked = NonNullable<ConfigInput["issuer"]["captcha"]>;

/** What the issuer asks by `captcha`, wired as in a deployment. */
function human(captcha: Asked): HumanCheck {
  const config = gatewayConfig();
  const env: Environment = { ...{ MAIL_FROM: null }, ...{ TURNSTILE_SECRET: secret(TURNSTILE_SECRET) } };
  const check = composeHumanCheck(
    env,
    compiled({
      ...config,
      captcha: { siteKey: "0x4AAAsite", secretBinding: "TURNSTILE_SECRET", hostnames: ["app.example.com"] },
      issuer: { ...config.issuer, captcha },
    }),
    new Kept(),
  );
  if (check === null) throw new Error("nothing is asked");
  return check;
}

const pages = (captcha: Asked) => openPages({ parts: { human: human(captcha) } });
const solved = (action: string) => ({ [FIELD]: secret(turnstile.solve({ action, ...SITE })) });
const hasWidget = (text: string) => text.includes('class="cf-turnstile"');

describe("the pages, where a person has to be there", () => {
  it.each([
    ["/login", "login"],
    ["/register", "register"],
    ["/forgot", "forgot"],
  ] as const)("%s shows the widget, lets its host in, and nothing else", async (path, use) => {
    const { text, headers } = await pages({ login: "always" }).browser().go(path);
    expect(text).toContain(
      `<div class="cf-turnstile" data-sitekey="0x4AAAsite" data-action="sallyport_${use}" data-size="flexible"></div>`,
    );
    expect(text).toMatch(
      /<script nonce="[\w-]{22}" src="https:\/\/challenges\.cloudflare\.com\/turnstile\/v0\/api\.js" async/,
    );
    expect(text).toContain("<noscript>");
    const policy = headers.get("content-security-policy") ?? "";
    const nonce = /nonce-([\w-]+)/.exec(policy)?.[1];
    expect(policy.split("; ")).toEqual([
      "default-src 'none'",
      `style-src 'nonce-${nonce}'`,
      `script-src 'nonce-${nonce}' https://challenges.cloudflare.com`,
      "frame-src https://challenges.cloudflare.com",
      "img-src data:",
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "object-src 'none'",
    ]);
  });

  it("no page names the host where nothing is asked", async () => {
    for (const world of [openPages(), pages({ login: "never", register: "never", forgot: "never" })]) {
      for (const path of ["/login", "/register", "/forgot"]) {
        const { text, headers } = await world.browser().go(path);
        expect(`${text} ${headers.get("content-security-policy")}`).not.toContain("cloudflare");
      }
    }
    const after = await pages({ login: "always" }).browser().go("/register/sent");
    expect(`${after.text} ${after.headers.get("content-security-policy")}`).not.toContain("cloudflare");
  });

  it("a sign-in needs the proof, whatever else is right; without it no hash is computed and nothing counted", async () => {
    const { browser, someone, password, hashes } = pages({ login: "always" });
    const user = await someone();
    const tab = browser();
    const before = hashes.count;
    const refused = await tab.signIn(user.email, password);
    expect(refused.status).toBe(403);
    expect(refused.text).toContain("Please complete the check below.");
    expect(hasWidget(refused.text)).toBe(true);
    expect(hashes.count).toBe(before);
    expect(logs.events("sign_in_refused")).toMatchObject([{ reason: "captcha_missing" }]);
    const proof = solved("sallyport_login");
    const passed = await tab.submit("/login", "/login", { email: user.email, password, ...proof });
    expect(passed.status).toBe(303);
    const other = browser();
    expect((await other.submit("/login", "/login", { email: user.email, password, ...proof })).status).toBe(403);
    expect(logs.events("sign_in_refused").at(-1)).toMatchObject({ reason: "captcha_spent" });
  });

  it("attack: a proof for another form, or from another site, opens none", async () => {
    const { browser, someone, password } = pages({ login: "always" });
    const { email } = await someone();
    const send = (proof: Record<string, string>) => browser().submit("/login", "/login", { email, password, ...proof });
    expect((await send(solved("sallyport_register"))).status).toBe(403);
    expect((await send(solved("login"))).status).toBe(403);
    const elsewhere = turnstile.solve({ action: "sallyport_login", hostname: "issuer.test.evil.example" });
    expect((await send({ [FIELD]: elsewhere })).status).toBe(403);
    expect((await send(solved("sallyport_login"))).status).toBe(303);
  });

  it("registration and reset need it too", async () => {
    const { browser, someone, mailsTo } = pages({});
    const { email } = await someone();
    const tab = browser();
    expect((await tab.submit("/forgot", "/forgot", { email })).status).toBe(403);
    expect(await mailsTo(email)).toEqual([]);
    expect((await tab.submit("/forgot", "/forgot", { email, ...solved("sallyport_forgot") })).status).toBe(303);
    expect(await mailsTo(email)).toHaveLength(1);
    const entry = { email: `new-${crypto.randomUUID()}@example.com`, password: PASSWORD };
    expect((await tab.submit("/register", "/register", entry)).status).toBe(403);
    const done = await tab.submit("/register", "/register", { ...entry, ...solved("sallyport_register") });
    expect(done.status).toBe(303);
  });
});

describe("the password behind a mailed link that confirms an address", () => {
  /** An address that somebody registered, and how another browser follows the link that went there. */
  async function mailed(captcha: Asked) {
    const world = pages(captcha);
    const email = `${crypto.randomUUID()}@example.com`;
    const registrant = world.browser();
    await registrant.submit("/register", "/register", { email, password: PASSWORD });
    const token = await world.linkTo(email);
    const path = `/verify-email?token=${token}`;
    const reader = world.browser();
    const confirm = (fields: Readonly<Record<string, string>>, tab = reader) =>
      tab.submit(path, "/verify-email", { token, ...fields });
    return { ...world, path, reader, registrant, confirm };
  }

  it("attack: who reads the mail guesses it without the check that a sign-in meets; no guess is looked at", async () => {
    const { confirm, reader, path, hashes } = await mailed({ login: "always", register: "never" });
    const shown = await reader.go(path);
    expect(hasWidget(shown.text)).toBe(true);
    expect(shown.headers.get("content-security-policy")).toContain("https://challenges.cloudflare.com");
    const before = hashes.count;
    for (const proof of [{}, { [FIELD]: "0.made-up" }, solved("sallyport_register")]) {
      const refused = await confirm({ password: PASSWORD, ...proof });
      expect(refused.status).toBe(403);
      expect(refused.text).toContain("Please complete the check below.");
    }
    expect(hashes.count).toBe(before);
    expect(logs.events("email_verification_refused").map(({ reason }) => reason)).toContain("captcha_missing");
    expect((await confirm({ password: PASSWORD, ...solved("sallyport_login") })).status).toBe(303);
  });

  it("after as many failures as at a sign-in, counted together with those", async () => {
    const { confirm } = await mailed({ login: { afterFailures: 2 }, register: "never" });
    const seen = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      const { status, text } = await confirm({ password: WRONG });
      seen.push([status, hasWidget(text)]);
    }
    expect(seen).toEqual([
      [422, false],
      [422, true],
      [403, true],
    ]);
  });

  it("the browser that registered is asked for neither, and the service down says so", async () => {
    const { confirm, registrant, path } = await mailed({ login: "always", register: "never" });
    const proof = solved("sallyport_login");
    turnstile.isDown = true;
    expect((await confirm({ password: PASSWORD, ...proof })).status).toBe(503);
    expect(hasWidget((await registrant.go(path)).text)).toBe(false);
    expect((await confirm({}, registrant)).status).toBe(303);
  });
});

describe("after so many failures", () => {
  it("alike for a name with an account and one without; the owner's own browser is asked nothing", async () => {
    const { browser, someone, password } = pages({ login: { afterFailures: 3 } });
    const { email } = await someone();
    const home = browser();
    expect((await home.signIn(email, password)).status).toBe(303);
    home.jar.delete("__Host-sallyport_session");
    const seen: Record<string, unknown[]> = {};
    for (const name of [email, `nobody-${crypto.randomUUID()}@example.com`]) {
      seen[name] = [];
      for (let attempt = 0; attempt < 5; attempt++) {
        // Each from an address of its own: the name is what counts.
        const { status, text } = await browser().signIn(name, WRONG);
        seen[name].push([status, hasWidget(text)]);
      }
      const proven = await browser().submit("/login", "/login", {
        email: name,
        password: WRONG,
        ...solved("sallyport_login"),
      });
      seen[name].push([proven.status, hasWidget(proven.text)]);
    }
    const [mine, nobodys] = Object.values(seen);
    expect(mine).toEqual([
      [401, false],
      [401, false],
      [401, true],
      [403, true],
      [403, true],
      [401, true],
    ]);
    expect(nobodys).toEqual(mine);
    expect((await home.signIn(email, password)).status).toBe(303);
  });

  it("of one address, whichever names it tries: its form asks from the beginning then", async () => {
    const { browser } = pages({ login: { afterFailures: 3 } });
    const tab = browser({ address: "192.0.2.44" });
    for (let attempt = 0; attempt < 3; attempt++) {
      expect((await tab.signIn(`nobody-${crypto.randomUUID()}@example.com`, WRONG)).status).toBe(401);
    }
    expect(hasWidget((await tab.go("/login")).text)).toBe(true);
    expect((await tab.signIn(`nobody-${crypto.randomUUID()}@example.com`, WRONG)).status).toBe(403);
    expect(hasWidget((await browser().go("/login")).text)).toBe(false);
  });
});

describe("the service down", () => {
  it("denies with a page that says so, and the password is not looked at", async () => {
    const { browser, someone, password, hashes } = pages({ login: "always" });
    const { email } = await someone();
    const proof = solved("sallyport_login");
    turnstile.isDown = true;
    const before = hashes.count;
    const refused = await browser().submit("/login", "/login", { email, password, ...proof });
    expect(refused.status).toBe(503);
    expect(refused.text).toContain("cannot be done right now");
    expect(hashes.count).toBe(before);
    turnstile.isDown = false;
    expect((await browser().submit("/login", "/login", { email, password, ...proof })).status).toBe(303);
  });

  it("is let through where the setting says so, also without a token, and told in the log each time", async () => {
    const { browser, someone, password } = pages({ login: "always", onUnavailable: "allow" });
    const { email } = await someone();
    expect((await browser().signIn(email, password)).status, "while it is up nothing is let through").toBe(403);
    turnstile.isDown = true;
    expect((await browser().signIn(email, password)).status).toBe(303);
    expect(logs.events("captcha_skipped")).toMatchObject([{ use: "login", dependency: "captcha" }]);
  });
});

describe("M10: the first-party endpoints", () => {
  let app: RegisteredClient;
  beforeAll(async () => {
    app = await ownApp();
  });

  it("say what to solve, and take the proof as a member", async () => {
    const world = openFirstParty({ people: { human: human({ login: "always" }) } });
    const user = await registered();
    const refused = await world.login(app, user.email);
    expect(refused.status).toBe(403);
    expect(refused.json).toMatchObject({
      code: "captcha_required",
      captcha: { provider: "turnstile", site_key: "0x4AAAsite", action: "sallyport_login", member: "captcha_token" },
    });
    const proof = (action: string) => ({
      captcha_token: secret(turnstile.solve({ action, hostname: "app.example.com" })),
    });
    expect((await world.login(app, user.email, PASSWORD, proof("sallyport_login"))).status).toBe(200);
    const entry = { client_id: app.id, email: `new-${crypto.randomUUID()}@example.com`, password: PASSWORD };
    expect((await world.post("/auth/register", entry)).status).toBe(403);
    expect((await world.post("/auth/register", { ...entry, ...proof("sallyport_register") })).status).toBe(202);
  });

  it("503 while the service is out; where nothing is asked the member changes nothing", async () => {
    const world = openFirstParty({ people: { human: human({ login: "always" }) } });
    const user = await registered();
    turnstile.isDown = true;
    const refused = await world.login(app, user.email, PASSWORD, { captcha_token: "0.some-token" });
    expect([refused.status, refused.json.code]).toEqual([503, "temporarily_unavailable"]);
    const plain = openFirstParty();
    expect((await plain.login(app, user.email, PASSWORD, { captcha_token: "0.some-token" })).status).toBe(200);
  });

  it("attack: proofs are tried out; the address has to wait", async () => {
    const world = openFirstParty({ people: { human: human({ login: "always" }) } });
    const seen = new Set<number>();
    for (let count = 0; count < 32; count++) {
      const body = { client_id: app.id, email: "a@example.com", password: WRONG, captcha_token: `0.made-up-${count}` };
      seen.add((await world.post("/auth/login", body, { "cf-connecting-ip": "192.0.2.77" })).status);
    }
    expect([...seen]).toEqual([403, 429]);
    expect(turnstile.asked.length).toBeLessThanOrEqual(31);
  });
});
