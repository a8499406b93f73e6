import { describe, expect, it } from "vitest";
import { sha256Base64url } from "../../../src/kernel/bytes.ts";
import { challengeAnswered } from "../../../src/protocol/code_verifier.ts";

describe("RFC 7636 4.6: what a verifier answers", () => {
  it("is the challenge of appendix B", async () => {
    const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    expect(await challengeAnswered(verifier)).toBe("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
  });

  it.each([
    ["43 characters", "a".repeat(43)],
    ["128 characters", "a".repeat(128)],
    ["every unreserved mark", `-._~${"a".repeat(39)}`],
  ])("%s: its S256", async (_, verifier) => {
    expect(await challengeAnswered(verifier)).toBe(await sha256Base64url(verifier));
  });

  it.each([
    ["42 characters", "a".repeat(42)],
    ["129 characters", "a".repeat(129)],
    ["a space", `${"a".repeat(42)} `],
    ["a line end behind it", `${"a".repeat(43)}\n`],
    ["a plus", `${"a".repeat(43)}+`],
    ["padding", `${"a".repeat(43)}=`],
    ["a letter with a mark", "é".repeat(43)],
  ])("%s: nothing that a challenge could be, not even one made from it", async (_, verifier) => {
    const answered = await challengeAnswered(verifier);
    expect(answered).not.toBeNull();
    expect(answered).not.toBe(await sha256Base64url(verifier));
    expect(answered).not.toHaveLength(43);
  });

  it("none is none", async () => {
    expect(await challengeAnswered(undefined)).toBeNull();
  });
});
