import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { installedConfig } from "../../src/compose/stores.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { countedWork } from "../support/counted_work.ts";
import { openFirstParty, ownApp } from "../support/first_party_world.ts";
import { registerUser } from "../support/grant_world.ts";
import { ISSUER_URL, migrate, type RegisteredClient, type Told } from "../support/issuer_world.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { PageBrowser } from "../support/pages_world.ts";

/*
 * V6.3.8: whoever asks cannot learn who has an account here: not from what is said, nor from how long it takes. Time is what work takes, so
 * work is what is counted here: the same hashes, statements and calls in the same order, for a name that somebody has and one that nobody
 * has. `npm run bench -- enumeration` measures the times.
 */

const START = Date.parse("2026-11-05T12:00:00Z");
const PASSWORD = secret("teal gravel mitten otter");
const WRONG = secret("velvet anchor under river");
const cost = installedConfig(env).issuer.passwords;
/** Mail goes out by a courier, as it does in a deployment. */
const mailed = {
  EMAIL: { send: async () => undefined },
  MAIL_FROM: "door@people.example",
  MAILS: { getByName: () => ({ expect: async () => undefined }) },
};
const work = countedWork(cost, mailed as never);
const world = openFirstParty({
  bindings: work.bindings,
  people: { passwords: work.passwords },
  lockout: { steps: [{ failures: 3, lockSeconds: 900 }] },
});
captureLogs();
let app: RegisteredClient;
let people = 0;

beforeAll(async () => {
  await migrate();
  app = await ownApp();
});

beforeEach(() => {
  vi.setSystemTime(START);
});

afterEach(() => {
  vi.useRealTimers();
});

/** Who is asked about, by an address whose length tells nothing; a new one each time, for budgets are not what is compared. */
type Kind = () => Promise<string>;

function newAddress(): string {
  people += 1;
  return `person.${String(people).padStart(6, "0")}@people.example`;
}

function somebody(changes: Partial<UserRecord> = {}): Kind {
  return async () => {
    const email = newAddress();
    await registerUser({ email, passwordHash: await work.passwords.hash(PASSWORD), ...changes });
    return email;
  };
}

const NOBODY: Kind = async () => newAddress();
/** Who cannot sign in even by the right password. */
const KEPT_OUT: Readonly<Record<string, Kind>> = {
  "an address that nobody confirmed": somebody({ emailVerified: false }),
  "a disabled account": somebody({ disabled: true }),
  "an account without a password": somebody({ passwordHash: null }),
};
const EVERYBODY: Readonly<Record<string, Kind>> = { "an account": somebody(), ...KEPT_OUT };

/** A browser that nobody saw before, at an address of its own. */
function browser(): PageBrowser {
  return new PageBrowser(world.app, { url: ISSUER_URL });
}

/** The form at `path`, filled in; the page before it is no part of what is counted. */
async function form(path: string, fields: Readonly<Record<string, string>>, tab = browser()) {
  const token = /name="form_token" value="([^"]*)"/.exec((await tab.go(path)).text)?.[1] ?? "";
  return work.of(() => tab.post(path, { form_token: token, ...fields }));
}

function json(path: string, fields: Readonly<Record<string, string>>) {
  const body = JSON.stringify({ client_id: app.id, ...fields });
  const headers = { "content-type": "application/json" };
  return work.of(() => browser().go(path, { method: "POST", headers, body }));
}

type Asked = Awaited<ReturnType<typeof form>>;

/** What an answer says, without what is of this one request: ids, nonces, tokens, the text that was typed. */
function said({ status, headers, text }: Told, typed: string): unknown {
  const kept = [...headers].filter(([name]) => name !== "x-request-id" && name !== "content-length");
  const plain = (part: string) =>
    part
      .replaceAll(typed, "TYPED")
      .replace(/nonce(=|-)("?)[\w-]+/g, "nonce")
      .replace(/name="form_token" value="[^"]*"/g, "form_token")
      .replace(/"request_id":"[^"]*"/g, "request_id")
      .replace(/(sallyport_\w+)=[^;]*/g, "$1");
  return { status, headers: kept.map(([name, value]) => [name, plain(value)]), text: plain(text) };
}

interface Way {
  readonly what: string;
  readonly ask: (email: string) => Promise<Asked>;
  readonly of: Readonly<Record<string, Kind>>;
  readonly status: number;
  readonly hashes: number;
}

/** What takes an address. Links and codes that are mailed or shown are no part of it: whoever has none cannot ask about anybody by one. */
const WAYS: readonly Way[] = [
  {
    what: "POST /login, wrong password",
    ask: (email) => form("/login", { email, password: WRONG }),
    of: EVERYBODY,
    status: 401,
    hashes: 1,
  },
  {
    what: "POST /login, a password too short to be set",
    ask: (email) => form("/login", { email, password: "short" }),
    of: EVERYBODY,
    status: 401,
    hashes: 1,
  },
  {
    what: "POST /login, right password",
    ask: (email) => form("/login", { email, password: PASSWORD }),
    of: KEPT_OUT,
    status: 401,
    hashes: 1,
  },
  {
    what: "POST /auth/login, wrong password",
    ask: (email) => json("/auth/login", { email, password: WRONG }),
    of: EVERYBODY,
    status: 401,
    hashes: 1,
  },
  {
    what: "POST /auth/login, right password",
    ask: (email) => json("/auth/login", { email, password: PASSWORD }),
    of: KEPT_OUT,
    status: 401,
    hashes: 1,
  },
  {
    what: "POST /forgot",
    ask: (email) => form("/forgot", { email }),
    of: EVERYBODY,
    status: 303,
    hashes: 0,
  },
  {
    what: "POST /register",
    ask: (email) => form("/register", { email, password: WRONG }),
    of: EVERYBODY,
    status: 303,
    hashes: 1,
  },
  {
    what: "POST /auth/register",
    ask: (email) => json("/auth/register", { email, password: WRONG }),
    of: EVERYBODY,
    status: 202,
    hashes: 1,
  },
  {
    what: "POST /account/email, by somebody else",
    ask: asStranger,
    of: EVERYBODY,
    status: 303,
    hashes: 1,
  },
];

/** Asks to move an account of one's own to `email`. */
async function asStranger(email: string): Promise<Asked> {
  const tab = browser();
  expect((await tab.signIn(await somebody()(), PASSWORD)).status).toBe(303);
  return form("/account/email", { new_email: email, current_password: PASSWORD }, tab);
}

const hashesOf = (done: readonly string[]) => done.filter((step) => step.startsWith("argon2id "));

describe("V6.3.8: an account is not to be told from none, by words or by work", () => {
  it.each(WAYS)("$what", async ({ ask, of, status, hashes }) => {
    const asked = async (kind: Kind) => {
      const email = await kind();
      const { outcome, done } = await ask(email);
      return { said: said(outcome, email), done };
    };
    // What an isolate finds out once is no part of it.
    await asked(NOBODY);
    const nobody = await asked(NOBODY);
    expect(nobody.said).toMatchObject({ status });
    expect(nobody.done.filter((step) => step.startsWith("DB."))).not.toEqual([]);
    expect(hashesOf(nobody.done)).toHaveLength(hashes);
    for (const [who, kind] of Object.entries(of)) expect(await asked(kind), who).toEqual(nobody);
  });

  it.each<readonly [what: string, ask: (email: string) => Promise<Asked>]>([
    ["/login", (email) => form("/login", { email, password: WRONG })],
    ["/auth/login", (email) => json("/auth/login", { email, password: WRONG })],
  ])("%s: a name is locked as early, by as much and in the same words", async (_, ask) => {
    await ask(newAddress());
    const lock = async (kind: Kind) => {
      const email = await kind();
      const told: unknown[] = [];
      for (let tries = 0; tries < 5; tries++) {
        const { outcome, done } = await ask(email);
        told.push({ said: said(outcome, email), done });
      }
      return told;
    };
    const nobody = await lock(NOBODY);
    expect(nobody[0]).toMatchObject({ said: { status: 401 } });
    expect(nobody.at(-1)).toMatchObject({ said: { status: 429 } });
    expect(await lock(somebody())).toEqual(nobody);
  });

  it("positive control: what is done for somebody who signs in is more, and is seen to be", async () => {
    const ask = (email: string) => form("/login", { email, password: PASSWORD });
    const [known, nobody] = [await ask(await somebody()()), await ask(newAddress())];
    expect(known.outcome.status).toBe(303);
    expect(hashesOf(known.done)).toEqual(hashesOf(nobody.done));
    expect(known.done.length).toBeGreaterThan(nobody.done.length);
  });
});
