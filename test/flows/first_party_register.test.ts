import { beforeAll, describe, expect, it, vi } from "vitest";
import { D1MailOutbox } from "../../src/adapters/d1/mail_outbox.ts";
import { verifyEmail } from "../../src/issuing/verify_email.ts";
import { Busy } from "../../src/kernel/busy.ts";
import { expectProblem } from "../support/expect_problem.ts";
import { nextAddress, openFirstParty, ownApp, PASSWORD, someone } from "../support/first_party_world.ts";
import { bindings, migrate, type RegisteredClient } from "../support/issuer_world.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { visitor } from "../support/people_world.ts";

const OTHER = secret("velvet anchor under river");
const world = openFirstParty();
const logs = captureLogs();
const outbox = new D1MailOutbox(bindings.DB);
let app: RegisteredClient;

beforeAll(async () => {
  await migrate();
  app = await ownApp();
});

function register(email: string, password: string = PASSWORD, at = world, headers: Record<string, string> = {}) {
  return at.post("/auth/register", { client_id: app.id, email, password }, headers);
}

function newEmail(): string {
  return `new.${crypto.randomUUID()}@people.example`;
}

/** Opens the link in the mail to `email`. */
async function confirm(email: string, password: string = PASSWORD): Promise<void> {
  const mail = (await outbox.pending(10_000)).findLast(({ to }) => to === email);
  const token = /\?token=([\w-]{43})\b/.exec(mail?.text ?? "")?.[1] ?? "";
  expect(await verifyEmail({ token, proof: null, password }, visitor(), world.people, Date.now())).toMatchObject({
    ok: true,
  });
}

async function mailsTo(address: string): Promise<readonly string[]> {
  return (await outbox.pending(10_000)).filter(({ to }) => to === address).map(({ kind }) => kind);
}

describe("POST /auth/register", () => {
  it("makes an account that can sign in once its address is confirmed, gives no tokens, and mails a link", async () => {
    const email = newEmail();
    const told = await register(email);
    expect([told.status, told.json]).toEqual([202, { status: "check_your_mail" }]);
    expect(told.headers.get("cache-control")).toBe("no-store");
    expect(await mailsTo(email)).toEqual(["verify_email"]);
    expect(logs.events("registration_received")).toEqual([
      expect.objectContaining({ outcome: "user_registered", client_id: app.id, path: "/auth/register" }),
    ]);
    expectProblem(await world.login(app, email), 401, "invalid_credentials");
    expect(logs.events("sign_in_refused").at(-1)).toMatchObject({ reason: "email_unconfirmed" });
    await confirm(email);
    expect((await world.login(app, email)).status).toBe(200);
  });

  it("V6.3.8: an address that has an account hears the same at the same price; its owner alone is told, and nothing changes", async () => {
    const owner = await someone();
    const hash = vi.spyOn(world.people.passwords, "hash").mockClear();
    const taken = await register(owner.email.toUpperCase(), OTHER);
    const costTaken = hash.mock.calls.length;
    const freeEmail = newEmail();
    const free = await register(freeEmail, OTHER);
    const taught = [await world.login(app, owner.email, OTHER), await world.login(app, freeEmail, OTHER)];
    const words = taught.map((told) => [told.status, { ...told.json, request_id: "" }]);
    expect(words[0]).toEqual(words[1]);
    const seen = ({ status, text, headers }: typeof taken) => [status, text, [...headers.keys()]];
    expect(seen(taken)).toEqual(seen(free));
    expect([costTaken, hash.mock.calls.length - costTaken]).toEqual([1, 1]);
    expect(await mailsTo(owner.email)).toEqual(["address_in_use"]);
    expectProblem(await world.login(app, owner.email, OTHER), 401, "invalid_credentials");
    expect((await world.login(app, owner.email)).status).toBe(200);
  });

  it.each([
    ["password_too_short", "fourteen chars"],
    ["password_too_long", "x".repeat(1_025)],
    ["password_not_text", `${PASSWORD}\ud800`],
    ["password_common", "passwordpassword"],
    ["password_pattern", "aaaaaaaaaaaaaaaaaaaa"],
    ["password_in_context", "sallyportsallyport"],
  ])("NIST SP 800-63B-4 3.1.1.2: %s is told, with its field and a sentence", async (code, password) => {
    const email = newEmail();
    const told = await register(email, password);
    expectProblem(told, 422, code);
    expect(told.json.errors).toEqual([{ field: "password", reason: told.json.detail }]);
    expect(String(told.json.detail)).toMatch(/^The password /);
    expect(told.text).not.toContain(password);
    expect(logs.events("registration_refused").at(-1)).toMatchObject({ reason: code });
    expect(await mailsTo(email)).toEqual([]);
    expect((await register(email)).status).toBe(202);
  });

  it("any characters, fifteen of them counted as people count", async () => {
    const fifteen = secret("🦦🪨🌊🎻🧭🪁🫖🦉🪵🌾🧶🪔🐌🎐🪐");
    const email = newEmail();
    expectProblem(await register(email, fifteen.slice(0, 28)), 422, "password_too_short");
    expect((await register(email, fifteen)).status).toBe(202);
    await confirm(email, fifteen);
    expect((await world.login(app, email, fifteen)).status).toBe(200);
  });

  it.each(["nobody", "a@b", "a@b.example\r\nBcc: x@evil.test", "a b@c.example", "@b.example"])(
    "%j is no address, and no mail begins with it",
    async (email) => {
      const before = (await outbox.pending(10_000)).length;
      const told = await register(email);
      expectProblem(told, 422, "email_invalid");
      expect(told.json.errors).toEqual([{ field: "email", reason: "is no address that mail can be sent to" }]);
      expect((await outbox.pending(10_000)).length).toBe(before);
    },
  );

  it("is throttled by address, before any hash", async () => {
    const strict = openFirstParty({ lockout: { registrationsPerAddressPerHour: 3 } });
    const from = { "cf-connecting-ip": nextAddress() };
    const dodge = () => ({ ...from, "x-forwarded-for": nextAddress() });
    for (const status of [202, 202, 202]) {
      expect((await register(newEmail(), PASSWORD, strict, dodge())).status).toBe(status);
    }
    const hash = vi.spyOn(strict.people.passwords, "hash").mockClear();
    const late = await register(newEmail(), PASSWORD, strict, dodge());
    expectProblem(late, 429, "too_many_attempts");
    expect(Number(late.headers.get("retry-after"))).toBeGreaterThan(60);
    expect(hash).not.toHaveBeenCalled();
    expect((await register(newEmail(), PASSWORD, strict)).status).toBe(202);
  });

  it("V6.3.8: a recipient gets so many mails, and the answer does not tell that others named the address before", async () => {
    const strict = openFirstParty({ lockout: { mailBurstPerRecipient: 2 } });
    const email = newEmail();
    const told = [];
    for (let at = 0; at < 4; at++) told.push(await register(email, PASSWORD, strict));
    const answers = told.map(({ status, text }) => ({ status, text }));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]?.status).toBe(202);
    expect(await mailsTo(email)).toEqual(["verify_email", "address_in_use"]);
    expect(logs.events("registration_received").at(-1)).toMatchObject({ outcome: "recipient_throttled" });
  });

  it("too many hashes wait: 503 with Retry-After, and no account", async () => {
    const busy = { hash: () => Promise.reject(new Busy(2)), verify: () => Promise.reject(new Busy(2)) };
    const email = newEmail();
    const told = await register(email, PASSWORD, openFirstParty({ people: { passwords: busy } }));
    expectProblem(told, 503, "temporarily_unavailable");
    expect(told.headers.get("retry-after")).toBe("2");
    expectProblem(await world.login(app, email), 401, "invalid_credentials");
  });
});
