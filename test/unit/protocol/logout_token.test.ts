import { describe, expect, it } from "vitest";
import { platformRandom } from "../../../src/kernel/random.ts";
import { idTokenClaims } from "../../../src/protocol/id_token.ts";
import { isRecentHint, parseHintedSignIn } from "../../../src/protocol/id_token_hint.ts";
import { newClientId } from "../../../src/protocol/ids.ts";
import { logoutTokenClaims } from "../../../src/protocol/logout_token.ts";

const ISSUER = "https://i.example";
const CLIENT = newClientId(platformRandom);

const ID_TOKEN = idTokenClaims({
  issuer: ISSUER,
  subject: "usr_a",
  clientId: CLIENT,
  nowSeconds: 1_000,
  ttlSeconds: 900,
  signIn: { authTimeSeconds: 990, acr: null, amr: ["pwd"] },
  nonce: "n",
  sid: "sid-a",
  atHash: "h",
});

describe("OpenID Connect Back-Channel Logout 2.4: the logout token", () => {
  const claims = logoutTokenClaims({
    issuer: ISSUER,
    clientId: CLIENT,
    subject: "usr_a",
    sid: "sid-a",
    tokenId: "jti-1",
    nowSeconds: 1_000,
  });

  it("has these claims and no other: no nonce, two minutes of life", () => {
    expect(claims).toEqual({
      iss: ISSUER,
      aud: CLIENT,
      iat: 1_000,
      exp: 1_120,
      jti: "jti-1",
      events: { "http://schemas.openid.net/event/backchannel-logout": {} },
      sub: "usr_a",
      sid: "sid-a",
    });
  });

  it("its claims pass for no ID token's", () => {
    expect(parseHintedSignIn(claims, ISSUER)).toBeNull();
  });
});

describe("OpenID Connect RP-Initiated Logout 2: the ID token as a hint", () => {
  it("says who signed in, to whom, when and in which session", () => {
    const read = { clientId: CLIENT, subject: "usr_a", sid: "sid-a" };
    expect(parseHintedSignIn(ID_TOKEN, ISSUER)).toEqual({ ...read, issuedAtSeconds: 1_000 });
    const { sid: _, ...without } = ID_TOKEN;
    expect(parseHintedSignIn(without, ISSUER)).toMatchObject({ sid: null });
  });

  it.each<[string, Record<string, unknown>]>([
    ["two audiences", { aud: [CLIENT, "cli_x"] }],
    ["a list of one", { aud: [CLIENT] }],
    ["an audience that is no client", { aud: "https://api.example/", azp: "https://api.example/" }],
    ["another azp", { azp: "cli_x" }],
    ["another issuer", { iss: "https://evil.example" }],
    ["no subject", { sub: "" }],
    ["a subject that is no text", { sub: 7 }],
    ["a sid that is no text", { sid: 7 }],
    ["no time", { iat: undefined }],
    ["a time that is no number", { exp: "2000" }],
  ])("%s is none", (_, changes) => {
    expect(parseHintedSignIn({ ...ID_TOKEN, ...changes }, ISSUER)).toBeNull();
  });

  it("counts beyond its own end, but for no longer than a session can last, and not before it was made", () => {
    const hint = parseHintedSignIn(ID_TOKEN, ISSUER);
    if (hint === null) throw new Error("no hint");
    const at = (nowSeconds: number) => isRecentHint(hint, 10_000, nowSeconds);
    expect([at(1_000), at(1_901), at(11_000), at(11_001)]).toEqual([true, true, true, false]);
    expect([at(995), at(994)]).toEqual([true, false]);
  });
});
