import { CompactEncrypt, compactDecrypt } from "jose";
import { describe, expect, it } from "vitest";
import { parseJwe, sealJwe } from "../../src/adapters/compact_jwe.ts";
import { toBase64url, utf8 } from "../../src/kernel/bytes.ts";

const KEY = new Uint8Array(32).fill(7);
const OTHER_KEY = new Uint8Array(32).fill(8);
const HEADER = { kid: "k1", purpose: "one" };
const TEXTS = ["", "text", "ÄÖ 漢字 🦊", "x".repeat(5_000)];

function opened(jwe: string, key = KEY): Promise<string> {
  const parsed = parseJwe(jwe);
  return parsed === null ? Promise.reject(new Error("not taken apart")) : parsed.open(key);
}

function withHeader(jwe: string, header: unknown): string {
  return [toBase64url(utf8(JSON.stringify(header))), ...jwe.split(".").slice(1)].join(".");
}

describe("RFC 7516 §7.1: compact JWE of a shared key", () => {
  it.each(TEXTS)("another library opens what is sealed here (%#)", async (text) => {
    const { plaintext, protectedHeader } = await compactDecrypt(await sealJwe(text, HEADER, KEY), KEY, {
      keyManagementAlgorithms: ["dir"],
      contentEncryptionAlgorithms: ["A256GCM"],
    });
    expect(new TextDecoder().decode(plaintext)).toBe(text);
    expect(protectedHeader).toEqual({ alg: "dir", enc: "A256GCM", ...HEADER });
  });

  it.each(TEXTS)("what another library sealed is opened here (%#)", async (text) => {
    const jwe = await new CompactEncrypt(utf8(text))
      .setProtectedHeader({ alg: "dir", enc: "A256GCM", ...HEADER })
      .encrypt(KEY);
    expect(parseJwe(jwe)?.header).toMatchObject(HEADER);
    expect(await opened(jwe)).toBe(text);
  });

  it("the same text is never sealed the same: each has a nonce of its own", async () => {
    const nonces = await Promise.all(
      Array.from({ length: 200 }, async () => (await sealJwe("text", HEADER, KEY)).split(".")[2]),
    );
    expect(new Set(nonces).size).toBe(200);
  });

  it("the header cannot say another kind than the one that seals", async () => {
    const jwe = await sealJwe("text", { ...HEADER, alg: "none", enc: "none" }, KEY);
    expect(parseJwe(jwe)?.header).toMatchObject({ alg: "dir", enc: "A256GCM" });
  });
});

describe("what does not open", () => {
  it("under another key", async () => {
    await expect(opened(await sealJwe("text", HEADER, KEY), OTHER_KEY)).rejects.toThrow();
  });

  it("with any one character changed", async () => {
    const jwe = await sealJwe("text", HEADER, KEY);
    for (let at = 0; at < jwe.length; at++) {
      const changed = jwe.slice(0, at) + (jwe[at] === "A" ? "B" : "A") + jwe.slice(at + 1);
      await expect(opened(changed), `character ${at}`).rejects.toThrow();
    }
  });

  it("with any part of it cut off", async () => {
    const jwe = await sealJwe("text", HEADER, KEY);
    for (let length = 0; length < jwe.length; length++) {
      await expect(opened(jwe.slice(0, length)), `${length} characters`).rejects.toThrow();
    }
  });

  it("with a member of the header changed, added or left out, which anybody can write", async () => {
    const jwe = await sealJwe("text", HEADER, KEY);
    const header = { ...HEADER, alg: "dir", enc: "A256GCM" };
    for (const changed of [
      { ...header, purpose: "two" },
      { ...header, more: "1" },
      { ...header, purpose: undefined },
    ]) {
      await expect(opened(withHeader(jwe, changed))).rejects.toThrow();
    }
  });

  it("where the end of the text stands in the place of a shorter tag", async () => {
    const [header, key, iv, text, tag = ""] = (await sealJwe("text", HEADER, KEY)).split(".");
    expect(parseJwe([header, key, iv, text, tag.slice(0, 16)].join("."))).toBeNull();
  });
});

describe("what is not taken apart", () => {
  const header = { alg: "dir", enc: "A256GCM" };
  it.each([
    ["another key management", { ...header, alg: "A256KW" }],
    ["no key management", { enc: header.enc }],
    ["another cipher", { ...header, enc: "A128GCM" }],
    ["compression", { ...header, zip: "DEF" }],
    ["an extension", { ...header, crit: ["exp"], exp: 1 }],
    ["no object", ["dir", "A256GCM"]],
  ])("a header with %s", async (_, other) => {
    expect(parseJwe(withHeader(await sealJwe("text", HEADER, KEY), other))).toBeNull();
  });

  it("a header that says a member twice", async () => {
    const [, ...rest] = (await sealJwe("text", HEADER, KEY)).split(".");
    const twice = toBase64url(utf8('{"alg":"none","alg":"dir","enc":"A256GCM"}'));
    expect(parseJwe([twice, ...rest].join("."))).toBeNull();
  });

  it.each([
    ["an encrypted key", (parts: string[]) => parts.with(1, "AAAA")],
    ["four parts", (parts: string[]) => parts.slice(0, 4)],
    ["six parts", (parts: string[]) => [...parts, "AAAA"]],
    ["a nonce of 16 bytes", (parts: string[]) => parts.with(2, toBase64url(new Uint8Array(16)))],
    ["no nonce", (parts: string[]) => parts.with(2, "")],
    ["no tag", (parts: string[]) => parts.with(4, "")],
    ["a tag of 17 bytes", (parts: string[]) => parts.with(4, toBase64url(new Uint8Array(17)))],
    ["padding", (parts: string[]) => parts.with(4, `${parts[4]}==`)],
  ])("%s", async (_, change) => {
    expect(parseJwe(change((await sealJwe("text", HEADER, KEY)).split(".")).join("."))).toBeNull();
  });
});
