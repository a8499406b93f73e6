import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { OpeningBudget } from "../../src/issuing/opening_budget.ts";
import { issuer, landed, query, TestBrowser } from "../support/authorize_world.ts";
import { registerApp } from "../support/grant_world.ts";
import { migrate, type RegisteredClient } from "../support/issuer_world.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { openPages } from "../support/pages_world.ts";

/**
 * A provider that hands out single /64s of one /48, and a customer of it with sixteen of them who uses up what the /48 may do: whom that
 * holds up, and whom not (docs/budgets.md).
 */
captureLogs();
const WRONG = secret("some other words entirely");
let app: RegisteredClient;

beforeAll(async () => {
  await migrate();
  app = await registerApp();
});

beforeEach(() => {
  // No minute of a budget may end in the middle of a test.
  const nowMs = Date.now();
  vi.spyOn(Date, "now").mockReturnValue(nowMs);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Addresses of one /48 that no other test uses, each of a /56 and a /64 of its own. */
function provider(): (customer: number) => string {
  const site = `2001:db8:${crypto.getRandomValues(new Uint16Array(1))[0]?.toString(16)}`;
  return (customer) => `${site}:${(customer * 0x100).toString(16)}::1`;
}

it("failed sign-ins of a stranger keep new browsers of the /48 out, and neither known ones nor who is signed in", async () => {
  const { browser, someone, password, mailsTo } = openPages({ lockout: { attemptsPerAddressPerMinute: 1 } });
  const at = provider();
  const { email } = await someone();
  const [known, signedIn] = [browser({ address: at(100) }), browser({ address: at(101) })];
  for (const tab of [known, signedIn]) expect((await tab.signIn(email, password)).status).toBe(303);
  known.jar.delete("__Host-sallyport_session");

  const strangers = [];
  for (let customer = 0; customer < 17; customer++) {
    const nobody = `nobody-${crypto.randomUUID()}@example.com`;
    strangers.push((await browser({ address: at(customer) }).signIn(nobody, WRONG)).status);
  }
  expect(strangers).toEqual([...Array(16).fill(401), 429]);
  expect((await browser({ address: at(200) }).signIn(email, password)).status, "a new one").toBe(429);

  expect((await signedIn.go("/account")).status).toBe(200);
  expect((await known.signIn(email, password)).status).toBe(303);
  expect((await known.submit("/forgot", "/forgot", { email })).status).toBe(303);
  expect(await mailsTo(email)).toHaveLength(1);
});

describe("sign-ins that a stranger begins at the authorization endpoint", () => {
  it("keep browsers without a session from beginning one there, and nobody who is signed in", async () => {
    const { people } = openPages({ lockout: { transactionsPerAddressPerMinute: 1 } });
    const budget = new OpeningBudget("transactions_by_address", 1, people);
    vi.spyOn(issuer.transactionBudget, "take").mockImplementation((unit, nowMs) => budget.take(unit, nowMs));
    const at = provider();
    const ask = async (tab: TestBrowser, customer: number) =>
      tab.go(`/oauth2/authorize?${query(app)}`, { headers: { "cf-connecting-ip": at(customer) } });
    for (let customer = 0; customer < 16; customer++) {
      expect(landed(await ask(new TestBrowser(), customer)).at).toBe("/login");
    }
    expect((await ask(new TestBrowser(), 200)).json).toMatchObject({ reason: "transactions_throttled" });
    const tab = new TestBrowser();
    await tab.signIn();
    expect(landed(await ask(tab, 200)).at).toBe("/consent");
    expect((await ask(tab, 200)).json, "an account has a budget too").toMatchObject({
      reason: "transactions_throttled",
    });
    const other = new TestBrowser();
    await other.signIn();
    expect(landed(await ask(other, 200)).at, "and each its own").toBe("/consent");
  });
});
