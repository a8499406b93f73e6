import { describe, expect, it } from "vitest";
import { sha256Base64url } from "../../../src/kernel/bytes.ts";
import { platformRandom } from "../../../src/kernel/random.ts";
import {
  type FormBearer,
  isFormTokenOf,
  type KeyedDigest,
  newBrowserId,
  newFormToken,
  parseBrowserId,
} from "../../../src/protocol/form_token.ts";

const keyedBy =
  (key: string): KeyedDigest =>
  (purpose, text) =>
    sha256Base64url(`${key}|${purpose}|${text}`);
const digest = keyedBy("the server's key");
const browser: FormBearer = { kind: "browser", browserId: newBrowserId(platformRandom) };
const session: FormBearer = { kind: "session", sessionId: "ses_0000000000000000000001" };

describe("V3.5.1: a form token", () => {
  it.each([
    ["before sign-in", browser],
    ["in a session", session],
  ])("%s: holds for its bearer, and is another one each time", async (_, bearer) => {
    const tokens = await Promise.all([1, 2].map(() => newFormToken(bearer, digest, platformRandom)));
    expect(new Set(tokens).size).toBe(2);
    for (const token of tokens) expect(await isFormTokenOf(token, bearer, digest)).toBe(true);
  });

  it.each<[string, FormBearer, FormBearer]>([
    ["of another browser", { kind: "browser", browserId: newBrowserId(platformRandom) }, browser],
    ["of another session", { kind: "session", sessionId: "ses_0000000000000000000002" }, session],
    ["from before sign-in, in the session", browser, session],
    [
      "of a session whose id is that of a browser",
      { kind: "session", sessionId: "x" },
      { kind: "browser", browserId: "x" },
    ],
  ])("%s is refused", async (_, maker, sender) => {
    const token = await newFormToken(maker, digest, platformRandom);
    expect(await isFormTokenOf(token, maker, digest)).toBe(true);
    expect(await isFormTokenOf(token, sender, digest)).toBe(false);
  });

  it("made without the server's key is refused: who can plant a cookie cannot make the token to it", async () => {
    const forged = await newFormToken(browser, keyedBy("another key"), platformRandom);
    expect(await isFormTokenOf(forged, browser, digest)).toBe(false);
  });

  it("in any other shape is refused", async () => {
    const token = await newFormToken(browser, digest, platformRandom);
    const [salt = "", rest = ""] = token.split(".");
    const shapes = [
      "",
      ".",
      salt,
      `${salt}.`,
      `${salt}${rest}`,
      ` ${token}`,
      `${token} `,
      `${token}x`,
      token.slice(0, -1),
    ];
    for (const shape of shapes) expect(await isFormTokenOf(shape, browser, digest), shape).toBe(false);
  });
});

describe("the id of a browser", () => {
  it("is 256 bits, and nothing else is one", () => {
    const id = newBrowserId(platformRandom);
    expect(parseBrowserId(id)).toBe(id);
    for (const text of ["", "a", id.slice(1), `${id}A`, `${id}=`, "ä".repeat(43)])
      expect(parseBrowserId(text)).toBeNull();
  });
});
