import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { ApiKeyCache } from "../../src/access/api_key_cache.ts";
import { need, readBindings } from "../../src/bindings.ts";
import type { FeedEntry } from "../../src/protocol/edge_feed.ts";
import { type Installation, install } from "../support/install.ts";
import { keyCopies, newKeyWith, storedKey } from "../support/keys.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { INVALID_TOKEN, METADATA, problemOf } from "../support/refused.ts";

const logs = captureLogs();
const network = stubNetwork();
const HOUR_MS = 3_600_000;

const present = (key: string) => ({ headers: { "x-api-key": key } });

async function expectRefused(gate: Installation, key: string, reason: string, path = "/orders") {
  const response = await gate.fetch(path, present(key));
  expect(response.status).toBe(401);
  expect(await problemOf(response)).toEqual(INVALID_TOKEN);
  expect(response.headers.get("www-authenticate")).toContain(METADATA);
  expect(logs.lastDecision).toMatchObject({ outcome: "denied", reason });
}

async function announce(...entries: FeedEntry[]) {
  await need(readBindings(env), "EDGE_FEED").getByName("one").append(entries);
}

function entry(id: string, epoch: number, lifeMs = HOUR_MS): FeedEntry {
  return { kind: "api_key", id, epoch, untilMs: Date.now() + lifeMs };
}

describe("which keys open which routes", () => {
  it.each([
    ["live", "secret"],
    ["test", "secret"],
    ["live", "publishable"],
    ["test", "publishable"],
  ] as const)("a %s %s key opens a route that allows it, and no other", async (environment, kind) => {
    const gate = install();
    const { key, record } = await storedKey({ environment, kind, scopes: ["orders:read", "orders:write"] });
    expect(key).toMatch(new RegExp(`^${kind === "secret" ? "sk" : "pk"}_${environment}_`));
    expect((await gate.fetch("/orders", present(key))).status).toBe(200);
    expect(logs.lastDecision).toMatchObject({
      principal: "api_key",
      principal_id: record.id,
      credential_id: record.id,
    });
    await expectRefused(gate, key, `${kind}_key_not_taken_here`, "/bearer-only");
    if (kind === "publishable") await expectRefused(gate, key, "publishable_key_not_taken_here", "/whoami");
    else expect((await gate.fetch("/whoami", present(key))).status).toBe(200);
  });

  it("a key's scopes count as a token's do", async () => {
    const gate = install();
    const weak = await storedKey({ scopes: [] });
    const response = await gate.fetch("/orders", present(weak.key));
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toContain('error="insufficient_scope", scope="orders:read"');
    expect((await gate.fetch("/whoami", present(weak.key))).status).toBe(200);
  });

  it("a key is no bearer token, and a route for keys alone takes no token", async () => {
    const gate = install();
    const { key } = await storedKey();
    const asToken = await gate.fetch("/orders", { headers: { authorization: `Bearer ${key}` } });
    expect(asToken.status).toBe(401);
    expect((await gate.fetch("/keys-only", present(key))).status).toBe(200);
    const bearer = await gate.fetch("/keys-only", { headers: { authorization: "Bearer AAAA.AAAA.AAAA" } });
    expect(bearer.status).toBe(401);
    expect(logs.lastDecision).toMatchObject({ reason: "bearer_not_taken_here" });
  });
});

describe("which keys open nothing", () => {
  it("disabled, expired, past their overlap, deleted, unknown: all alike to the caller", async () => {
    const gate = install();
    const nowMs = Date.now();
    await expectRefused(gate, (await storedKey({ disabled: true })).key, "api_key_disabled");
    await expectRefused(gate, (await storedKey({ expiresAtMs: nowMs - 1 })).key, "api_key_expired");
    await expectRefused(gate, (await storedKey({ secretExpiresAtMs: nowMs - 1 })).key, "api_key_expired");
    await expectRefused(gate, (await newKeyWith()).key, "api_key_unknown");
    const deleted = await storedKey();
    await keyCopies().remove(deleted.hash);
    await expectRefused(gate, deleted.key, "api_key_unknown");
    expect(network.calls).toEqual([]);
    const alive = await storedKey({ expiresAtMs: nowMs + HOUR_MS, secretExpiresAtMs: nowMs + HOUR_MS });
    expect((await gate.fetch("/orders", present(alive.key))).status).toBe(200);
  });

  it("a mistyped key is refused without a look-up", async () => {
    const gate = install();
    const { key } = await storedKey();
    const find = vi.spyOn(ApiKeyCache.prototype, "find");
    const mistyped = [
      key.slice(0, -1) + (key.endsWith("0") ? "1" : "0"),
      `${key.slice(0, 20)}${key.at(21)}${key.at(20)}${key.slice(22)}`.replace(key, `${key}x`),
      key.slice(0, -1),
      `${key}0`,
      key.replace("sk_live", "sk_test"),
      key.replace("sk_live", "pk_live"),
      key.replace("sk_live", "SK_LIVE"),
      key.toUpperCase(),
      "sk_live_",
      "__proto__",
      "",
      "x".repeat(10_000),
    ];
    for (const wrong of mistyped) await expectRefused(gate, secret(wrong || "never-logged"), "api_key_malformed");
    expect(find).not.toHaveBeenCalled();
    expect((await gate.fetch("/orders", present(key))).status).toBe(200);
    expect(find).toHaveBeenCalledOnce();
  });

  it("a key in memory is judged anew at each use: its end comes when it comes", async () => {
    const start = Date.parse("2026-11-02T00:00:00Z");
    vi.setSystemTime(start);
    try {
      const gate = install();
      const { key } = await storedKey({ expiresAtMs: start + 10_000 });
      expect((await gate.fetch("/orders", present(key))).status).toBe(200);
      vi.setSystemTime(start + 9_999);
      expect((await gate.fetch("/orders", present(key))).status).toBe(200);
      vi.setSystemTime(start + 10_000);
      await expectRefused(gate, key, "api_key_expired");
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("the edge feed: a key that changed", () => {
  it("a disabled key in memory is refused once the feed says so, whatever KV still says", async () => {
    const gate = install();
    const { key, record } = await storedKey();
    expect((await gate.fetch("/orders", present(key))).status).toBe(200);
    await announce(entry(record.id, 2));
    vi.setSystemTime(Date.now() + 3_001);
    await expectRefused(gate, key, "api_key_revoked");
    vi.useRealTimers();
    await expectRefused(install(), key, "api_key_revoked");
  });

  it("a new key that KV does not know is asked of the issuer once, only when it is announced", async () => {
    const asked: string[] = [];
    const { key, hash, record } = await newKeyWith();
    const gate = install({
      reader: (real) => ({
        ...real,
        findApiKey: async (wanted) => {
          asked.push(wanted);
          await Promise.resolve();
          return wanted === hash ? record : null;
        },
      }),
    });
    await expectRefused(gate, key, "api_key_unknown");
    expect(asked).toEqual([]);
    await announce(entry(hash, 1));
    vi.setSystemTime(Date.now() + 3_001);
    const answers = await Promise.all(Array.from({ length: 50 }, () => gate.fetch("/orders", present(key))));
    vi.useRealTimers();
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(50).fill(200));
    expect(asked).toEqual([hash]);
  });

  it("made-up keys are looked up once, and not at the issuer", async () => {
    const gate = install({
      reader: (real) => ({
        ...real,
        findApiKey: () => Promise.reject(new Error("asked the issuer for a key that nobody announced")),
      }),
    });
    const { key } = await newKeyWith();
    const get = vi.spyOn(Object.getPrototypeOf(keyCopies()), "find");
    await expectRefused(gate, key, "api_key_unknown");
    await expectRefused(gate, key, "api_key_unknown");
    expect(get).toHaveBeenCalledOnce();
    vi.setSystemTime(Date.now() + 30_001);
    await expectRefused(gate, key, "api_key_unknown");
    vi.useRealTimers();
    expect(get).toHaveBeenCalledTimes(2);
  });

  it("a key that changed while an isolate slept past its announcement is read anew, not refused", async () => {
    const start = Date.parse("2026-11-02T12:00:00Z");
    vi.setSystemTime(start);
    try {
      const gate = install();
      const { key, hash, record } = await storedKey();
      expect((await gate.fetch("/orders", present(key))).status).toBe(200);
      await keyCopies().put(hash, { ...record, epoch: 2, roles: ["changed"] });
      await announce(entry(record.id, 2), entry(hash, 2, 300_000));
      vi.setSystemTime(start + 360_000);
      expect((await gate.fetch("/orders", present(key))).status).toBe(200);
      await keyCopies().put(hash, { ...record, epoch: 3, disabled: true });
      await announce(entry(record.id, 3));
      vi.setSystemTime(start + 364_000);
      await expectRefused(gate, key, "api_key_revoked");
      vi.setSystemTime(start + 400_000);
      await expectRefused(gate, key, "api_key_disabled");
    } finally {
      vi.useRealTimers();
    }
  });

  it("a rotated key: the new string works at once though KV is behind, the old one until its overlap ends", async () => {
    const start = Date.now();
    const old = await storedKey();
    const next = await newKeyWith({ id: old.record.id, epoch: 2 });
    const overlapped = { ...old.record, epoch: 2, secretExpiresAtMs: start + 60_000 };
    const truth = new Map([
      [old.hash, overlapped],
      [next.hash, next.record],
    ]);
    const gate = install({
      reader: (real) => ({
        ...real,
        findApiKey: async (hash) => truth.get(hash) ?? null,
      }),
    });
    expect((await gate.fetch("/orders", present(old.key))).status).toBe(200);
    await announce(entry(old.record.id, 2), entry(old.hash, 2, 300_000), entry(next.hash, 2, 300_000));
    vi.setSystemTime(start + 4_000);
    expect((await gate.fetch("/orders", present(next.key))).status).toBe(200);
    expect((await gate.fetch("/orders", present(old.key))).status).toBe(200);
    vi.setSystemTime(start + 60_000);
    await expectRefused(gate, old.key, "api_key_expired");
    expect((await gate.fetch("/orders", present(next.key))).status).toBe(200);
    vi.useRealTimers();
  });
});
