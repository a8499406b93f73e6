import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { D1MailOutbox } from "../../src/adapters/d1/mail_outbox.ts";
import { DeploymentFault, type Environment, need, readBindings } from "../../src/bindings.ts";
import { composeAdmin, composeReader } from "../../src/compose/control.ts";
import { wireMailCourier } from "../../src/compose/objects.ts";
import { installedConfig } from "../../src/compose/stores.ts";
import { composeRevocations } from "../../src/compose.ts";
import { type AdminCaller, adminCaller, adminParts, migrate, mintToken, stores } from "../support/admin_world.ts";
import { captureLogs } from "../support/logs.ts";

const logs = captureLogs();
const LINK = "http://localhost:8787/reset?token=the-token-of-this-link";
const EMAIL: SendEmail = { send: () => Promise.reject(new Error("no mail goes out here")) };
const CONFIGURED: Environment = { EMAIL, MAIL_FROM: "no-reply@example.com" };
let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
});

beforeEach(async () => {
  await stores.db.exec("DELETE FROM mail_outbox");
  const outbox = new D1MailOutbox(stores.db);
  for (const to of ["one@example.org", "two@example.org", "three@example.org"]) {
    await outbox.send({ to, kind: "reset_password", subject: `To ${to}`, text: `Open ${LINK}` }, 1_700_000_000_000);
  }
});

describe("GET /mails", () => {
  it("in development shows what was sent, the newest first, and pages", async () => {
    const first = (await admin.call("GET", "/mails?limit=2")).json;
    expect(first.data).toMatchObject([
      {
        to: "three@example.org",
        kind: "reset_password",
        status: "waiting",
        tries: 0,
        text: `Open ${LINK}`,
        sent_at: null,
      },
      { to: "two@example.org" },
    ]);
    const second = (await admin.call("GET", `/mails?limit=2&cursor=${first.next_cursor}`)).json;
    expect([second.data.map(({ to }) => to), second.next_cursor]).toEqual([["one@example.org"], null]);
  });

  it("V6.4.6: where mail is carried on it shows no text of any mail, also of those from before", async () => {
    const configured = await adminCaller(adminParts(CONFIGURED));
    const told = await configured.call("GET", "/mails");
    expect(told.json.data.map(({ to, text }) => [to, text])).toEqual([
      ["three@example.org", null],
      ["two@example.org", null],
      ["one@example.org", null],
    ]);
    expect(told.text).not.toContain("token");
  });

  it("V6.4.6: nor anywhere but on a developer's own machine, mail or no mail", async () => {
    const config = installedConfig(env);
    const abroad = { ...config, issuer: { ...config.issuer, url: "https://auth.example.com" } };
    const parts = composeAdmin(env, abroad, composeRevocations(composeReader(env)));
    expect((await parts.mails.list(10, null)).map(({ text }) => text)).toEqual([null, null, null]);
    const alias = { ...config, issuer: { ...config.issuer, url: "https://localhost.example.com" } };
    const { mails } = composeAdmin(env, alias, composeRevocations(composeReader(env)));
    expect((await mails.list(10, null)).map(({ text }) => text)).toEqual([null, null, null]);
  });

  it("a mail that has gone has no text, wherever", async () => {
    const outbox = new D1MailOutbox(stores.db);
    const [mail] = await outbox.pending(1);
    await outbox.markSent(mail?.seq ?? -1, 1_700_000_001_000);
    const { data } = (await admin.call("GET", "/mails")).json;
    expect(data.at(-1)).toMatchObject({ status: "sent", text: null, sent_at: "2023-11-14T22:13:21.000Z" });
  });

  it("needs the scope admin like everything else, and says nothing before", async () => {
    for (const configured of [admin, await adminCaller(adminParts(CONFIGURED))]) {
      const none = await configured.call("GET", "/mails", undefined, { authorization: "" });
      const [api] = admin.parts.catalog.apis;
      const users = { authorization: `Bearer ${await mintToken({ audience: [api.resource] })}` };
      const clients = { authorization: `Bearer ${await mintToken({ scopes: ["orders:read"] })}` };
      const refused = [
        none,
        await configured.call("GET", "/mails", undefined, users),
        await configured.call("GET", "/mails", undefined, clients),
      ];
      expect(refused.map(({ status }) => status)).toEqual([401, 401, 403]);
      for (const { text } of refused) expect(text).not.toContain("example.org");
    }
  });

  it.each(["limit=0", "limit=101", "cursor=abc", "to=one@example.org", "limit=1&limit=2"])(
    "refuses ?%s",
    async (query) => {
      expect((await admin.call("GET", `/mails?${query}`)).status).toBe(400);
    },
  );

  it.each(["POST", "PUT", "PATCH", "DELETE"])("%s is not a way to send or drop one", async (method) => {
    const told = await admin.call(method, "/mails", {});
    expect([told.status, told.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  it("no text of a mail is logged", async () => {
    await admin.call("GET", "/mails");
    expect(logs.lines.join()).not.toContain("the-token-of-this-link");
  });
});

describe("a deployment's mail", () => {
  it.each([
    ["a binding without an address", { EMAIL }],
    ["an address without a binding", { MAIL_FROM: "no-reply@example.com" }],
  ])("%s is a fault of the deployment", (_name, half) => {
    expect(() => adminParts(half)).toThrow(DeploymentFault);
    expect(() => adminParts({ ...half, ...CONFIGURED })).not.toThrow();
  });

  const alarm = () =>
    runInDurableObject(need(readBindings(env), "MAILS").getByName("one"), (_, state) => state.storage.getAlarm());
  const mail = { kind: "invitation", subject: "an account", text: "a link" } as const;

  it("that has no binding waits in D1, and nobody is told to look", async () => {
    await adminParts().people.mail.send({ to: "ada@example.org", ...mail }, Date.now());
    expect(await alarm()).toBeNull();
    expect((await admin.call("GET", "/mails?limit=1")).json.data).toMatchObject([{ to: "ada@example.org" }]);
  });

  it("that has one is carried within seconds, from the configured address", async () => {
    // The object that carries it has the real clock.
    vi.useRealTimers();
    await adminParts(CONFIGURED).people.mail.send({ to: "ada@example.org", ...mail }, Date.now());
    expect(await alarm()).toBeLessThanOrEqual(Date.now() + 1_000);
    const sent: unknown[] = [];
    const send = async (parts: unknown) => ({ messageId: String(sent.push(parts)) });
    const wiring = wireMailCourier({ ...env, ...CONFIGURED, EMAIL: { send } });
    await wiring?.carrier.carry({ to: "ada@example.org", ...mail });
    expect(sent).toEqual([
      {
        from: { email: "no-reply@example.com", name: "Sallyport" },
        to: "ada@example.org",
        subject: "an account",
        text: "a link",
      },
    ]);
    expect(wireMailCourier(env)).toBeNull();
  });
});
