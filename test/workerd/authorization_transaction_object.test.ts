import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { remoteAuthorizationTransactions } from "../../src/adapters/remote_authorization_transactions.ts";
import { need, readBindings } from "../../src/bindings.ts";
import { Outage } from "../../src/kernel/outage.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { type AdmittedRequest, beginTransaction } from "../../src/protocol/authorization_transaction.ts";
import { newClientId, newSessionId, newTransactionId, newUserId, type TransactionId } from "../../src/protocol/ids.ts";

const namespace = need(readBindings(env), "TRANSACTIONS");
const stub = (id: TransactionId) => namespace.getByName(id);
const transactions = remoteAuthorizationTransactions(stub);

const LIFE_MS = 1_800_000;
const MINE = "m".repeat(43);
const OTHER = "o".repeat(43);
const REQUEST: AdmittedRequest = {
  clientId: newClientId(platformRandom),
  redirectUri: "https://app.example/cb",
  responseMode: "query",
  state: "a state",
  scopes: ["openid"],
  resource: null,
  codeChallenge: null,
  prompts: ["login"],
  maxAgeSeconds: 5,
  loginHint: null,
  uiLocales: null,
  nonce: "n",
  expectedSubject: null,
};

async function begun() {
  const nowMs = Date.now();
  const id = newTransactionId(platformRandom);
  const state = beginTransaction(REQUEST, MINE, LIFE_MS, nowMs);
  await transactions.begin(id, state);
  return { id, state, nowMs };
}

describe("AuthorizationTransaction object", () => {
  it("keeps what it was given, through an eviction, for the browser that began it", async () => {
    const { id, state, nowMs } = await begun();
    await evictDurableObject(stub(id));
    expect(await transactions.read(id, MINE, nowMs)).toEqual(state);
    expect(await transactions.read(id, OTHER, nowMs)).toBeNull();
  });

  it("another browser can neither choose nor finish", async () => {
    const { id, nowMs } = await begun();
    const chosen = { user: newUserId(platformRandom), session: newSessionId(platformRandom) };
    expect(await transactions.choose(id, OTHER, chosen, nowMs)).toBeNull();
    expect(await transactions.finish(id, OTHER, nowMs)).toBeNull();
    expect(await transactions.choose(id, MINE, chosen, nowMs), "control").toMatchObject({ chosen });
    expect(await transactions.finish(id, MINE, nowMs), "control").toMatchObject({ chosen });
  });

  it("20 finish at once: one gets it, and nothing goes on after", async () => {
    const { id, nowMs } = await begun();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => transactions.finish(id, MINE, nowMs)));
    expect(outcomes.filter((outcome) => outcome !== null)).toHaveLength(1);
    await evictDurableObject(stub(id));
    expect(await transactions.finish(id, MINE, nowMs)).toBeNull();
    expect(await transactions.read(id, MINE, nowMs)).toBeNull();
  });

  it("is over at the millisecond of its end, and then deletes itself", async () => {
    const { id, nowMs } = await begun();
    expect(await transactions.read(id, MINE, nowMs + LIFE_MS - 1)).not.toBeNull();
    expect(await transactions.read(id, MINE, nowMs + LIFE_MS)).toBeNull();
    expect(await transactions.finish(id, MINE, nowMs + LIFE_MS)).toBeNull();
    const alarm = () => runInDurableObject(stub(id), (_, state) => state.storage.getAlarm());
    expect(await alarm()).toBe(nowMs + LIFE_MS);
    expect(await runDurableObjectAlarm(stub(id))).toBe(true);
    expect(await runInDurableObject(stub(id), (_, state) => [...state.storage.kv.list()])).toEqual([]);
  });

  it("one that never was is null, and writes nothing", async () => {
    const id = newTransactionId(platformRandom);
    expect(await transactions.read(id, MINE, Date.now())).toBeNull();
    expect(await transactions.finish(id, MINE, Date.now())).toBeNull();
    expect(await runInDurableObject(stub(id), (_, state) => [...state.storage.kv.list()])).toEqual([]);
  });

  it("a second beginning under one id is refused", async () => {
    const { id, state, nowMs } = await begun();
    const second = beginTransaction({ ...REQUEST, state: "another" }, OTHER, LIFE_MS, nowMs);
    await expect(transactions.begin(id, second)).rejects.toBeInstanceOf(Outage);
    expect(await transactions.read(id, MINE, nowMs)).toEqual(state);
  });
});
