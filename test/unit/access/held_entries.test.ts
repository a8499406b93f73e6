import { expect, it } from "vitest";
import { ApiKeyCache } from "../../../src/access/api_key_cache.ts";
import type { CredentialEntry } from "../../../src/access/credential_entry.ts";
import { signedIdentity } from "../../../src/access/identity.ts";
import { cachedToken, TokenCache } from "../../../src/access/token_cache.ts";
import { platformRandom } from "../../../src/kernel/random.ts";
import type { AccessTokenClaims } from "../../../src/protocol/access_token.ts";
import { NO_SIGN_IN } from "../../../src/protocol/sign_in_claims.ts";
import { newKeyWith } from "../../support/keys.ts";

const T0 = 1_800_000_000_000;
const NOTHING_ANNOUNCED = { leastEpoch: () => 0 };
const drop = () => undefined;

function entryWith(scopes: readonly string[] = []) {
  const claims: AccessTokenClaims = {
    iss: "https://issuer.test",
    sub: "usr_1",
    aud: ["https://api.test/"],
    clientId: "cli_1",
    jti: "t1",
    iatSeconds: T0 / 1000,
    expSeconds: T0 / 1000 + 900,
    nbfSeconds: null,
    scopes,
    roles: [],
    clientEpoch: 0,
    grantId: null,
    userEpoch: 0,
    signIn: NO_SIGN_IN,
    confirmation: null,
  };
  return cachedToken({ claims, kid: "k", standing: null });
}

async function identities(entry: CredentialEntry, audiences: number, length = 700): Promise<number> {
  let signed = 0;
  const sign = async () => {
    signed += 1;
    return "x".repeat(length);
  };
  const maker = { issuer: "https://gate.test", signer: { sign, ready: async () => undefined }, random: platformRandom };
  for (let at = 0; at < audiences; at++) await signedIdentity(entry, `urn:origin:${at}`, T0, maker, drop);
  return signed;
}

it("a credential keeps its newest four identities, however many origins it goes to", async () => {
  const entry = entryWith();
  expect(await identities(entry, 100)).toBe(100);
  expect([...entry.identities.keys()]).toEqual(["urn:origin:96", "urn:origin:97", "urn:origin:98", "urn:origin:99"]);
  entry.identities.clear();
  expect((await identities(entry, 4)) + (await identities(entry, 4)), "four stay where they are").toBe(4);
});

it("identities that tokens gather count against the bound of their cache", async () => {
  const held = async (audiences: number) => {
    const cache = new TokenCache();
    const entries = Array.from({ length: 40 }, (_, at) => [`token-${at}`, entryWith()] as const);
    for (const [token, entry] of entries) {
      cache.add(token, entry);
      await identities(entry, audiences, 400_000);
    }
    // Each use weighs it again.
    return entries.filter(([token]) => cache.get(token) !== undefined && cache.get(token) !== undefined).length;
  };
  expect(await held(1)).toBe(40);
  expect(await held(4)).toBeLessThan(40);
});

it("names of scopes count: tokens with many of them leave room for fewer", () => {
  const kept = (scopes: readonly string[]) => {
    const cache = new TokenCache();
    for (let at = 0; at < 9_000; at++) cache.add(`token-${at}`, entryWith(scopes));
    return Array.from({ length: 9_000 }, (_, at) => cache.get(`token-${at}`)).filter((held) => held !== undefined)
      .length;
  };
  expect(kept([])).toBe(8_000);
  expect(kept(Array.from({ length: 200 }, (_, at) => `a-long-scope-number-${at}`))).toBeLessThan(3_000);
});

it("readings that never settle are remembered up to a number, and after a while not at all", async () => {
  const { record } = await newKeyWith();
  let asked = 0;
  let isHanging = true;
  const near = {
    find: () => {
      asked += 1;
      return isHanging ? new Promise<never>(() => undefined) : Promise.resolve(record);
    },
  };
  const cache = new ApiKeyCache(near, { find: async () => null });
  const find = (hash: string, nowMs: number) => cache.find(hash, nowMs, NOTHING_ANNOUNCED, drop);
  const ask = (count: number, name: string) => {
    for (let at = 0; at < count; at++) void find(`${name}-${at}`, T0);
  };
  ask(1_500, "hanging");
  expect(asked).toBe(1_500);
  ask(1_000, "hanging");
  expect(asked, "the first thousand are shared").toBe(1_500);
  void find("hanging-1400", T0);
  expect(asked, "who is not remembered reads again").toBe(1_501);
  isHanging = false;
  expect((await find("hanging-1400", T0))?.record, "and is answered all the same").toBe(record);
  isHanging = true;
  void find("later", T0 + 10_000);
  void find("later", T0 + 10_000);
  expect(asked, "there is room again").toBe(1_503);
});
