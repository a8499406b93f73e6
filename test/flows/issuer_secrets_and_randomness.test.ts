import { decodeJwt } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { platformRandom } from "../../src/kernel/random.ts";
import { newApiKey } from "../../src/protocol/api_key.ts";
import { newClientSecret } from "../../src/protocol/client_secret.ts";
import { newClientId } from "../../src/protocol/ids.ts";
import { databaseThat } from "../support/broken_database.ts";
import { backstage, migrate, openIsolate, type RegisteredClient, registerClient } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { askToken, basic, postForm, rawBasic, tokenOf } from "../support/token_requests.ts";

const COUNT = 2_000;
const isolate = openIsolate();
const logs = captureLogs();
let client: RegisteredClient;

beforeAll(async () => {
  await migrate();
  client = await registerClient();
});

/** Chi-square of the symbols of `texts` against an even spread over `alphabet`. */
function chiSquare(texts: readonly string[], alphabet: string): number {
  const counts = new Map<string, number>();
  for (const text of texts) for (const symbol of text) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
  const expected = texts.reduce((sum, text) => sum + text.length, 0) / alphabet.length;
  return [...alphabet].reduce((sum, symbol) => sum + ((counts.get(symbol) ?? 0) - expected) ** 2 / expected, 0);
}

describe("items 44 and 226: what must not be guessed has 128 bits and never repeats", () => {
  it("2,000 tokens made in parallel have 2,000 jti of 22 even base64url symbols", async () => {
    const told = await Promise.all(Array.from({ length: COUNT }, () => askToken(isolate, client)));
    const ids = told.map(({ json }) => String(decodeJwt(String(json.access_token)).jti));
    expect(new Set(ids).size).toBe(COUNT);
    expect(ids.every((id) => /^[\w-]{22}$/.test(id))).toBe(true);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // 63 degrees of freedom: 130 is beyond one chance in a million. The last symbol has two free bits alone.
    expect(
      chiSquare(
        ids.map((id) => id.slice(0, 21)),
        alphabet,
      ),
    ).toBeLessThan(130);
  });

  it.each([
    ["client secrets", () => newClientSecret(platformRandom) as string, /^spcs_[\w-]{43}$/],
    ["API keys", () => newApiKey("secret", "live", platformRandom) as string, /^sk_live_[0-9A-Za-z]{49}$/],
    ["client ids", () => newClientId(platformRandom) as string, /^cli_[0-9A-Za-z]{22}$/],
  ])("2,000 %s are all different and of their form", (_, make, form) => {
    const made = Array.from({ length: COUNT }, make);
    expect(new Set(made).size).toBe(COUNT);
    expect(new Set(made.map((text) => text.slice(-12))).size).toBe(COUNT);
    expect(made.every((text) => form.test(text))).toBe(true);
  });
});

describe("no secret in a log line, an error or a store", () => {
  it("whatever is asked, granted and refused", async () => {
    const token = await tokenOf(isolate, client);
    const wrong = "spcs_this-is-a-wrong-one";
    const broken = openIsolate({ bindings: { DB: databaseThat(() => true) } });
    const answers = await Promise.all([
      askToken(isolate, { id: client.id, secret: wrong }),
      postForm(isolate, "/oauth2/token", {
        grant_type: "client_credentials",
        client_id: client.id,
        client_secret: wrong,
      }),
      postForm(isolate, "/oauth2/token", { grant_type: "password", username: "u", password: wrong }),
      postForm(isolate, `/oauth2/token?client_secret=${wrong}`, { grant_type: "client_credentials" }),
      postForm(isolate, "/oauth2/token", `grant_type=client_credentials&client_secret=${wrong}%zz`),
      postForm(isolate, "/oauth2/token", {}, { authorization: `Bearer ${token}` }),
      askToken(broken, client),
      postForm(isolate, "/oauth2/revoke", { token: `${token}x` }, { authorization: basic(client) }),
      postForm(isolate, "/oauth2/revoke", { token }, { authorization: rawBasic(client.id, wrong) }),
      postForm(isolate, "/oauth2/revoke", { token }, { authorization: basic(client) }),
      isolate.fetch(`/oauth2/token?access_token=${token}`),
    ]);
    const told = [...logs.lines, ...answers.map(({ text }) => text)].join("\n");
    expect(logs.lines.length).toBeGreaterThanOrEqual(answers.length);
    const [, claims = "", signature = ""] = token.split(".");
    for (const secret of [client.secret, wrong, basic(client).slice(6), token, claims, signature]) {
      expect(told.includes(secret)).toBe(false);
    }
    expect(told).toContain(client.id);
    for (const line of logs.lines) expect(() => JSON.parse(line), line).not.toThrow();
  });

  it("D1 holds digests alone", async () => {
    const { results } = await backstage.db.prepare("SELECT * FROM client_secrets").all();
    expect(results.length).toBeGreaterThan(0);
    expect(JSON.stringify(results).includes(client.secret)).toBe(false);
  });
});
