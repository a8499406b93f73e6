import { assert, constantFrom, property, string, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { toBase64url } from "../../../src/kernel/bytes.ts";
import { formatOpaqueToken, parseOpaqueToken } from "../../../src/protocol/opaque_token.ts";

const prefixes = constantFrom("spc_", "spr_", "sps_");
const sealedParts = uint8Array({ minLength: 1, maxLength: 120 }).map(toBase64url);
const secrets = uint8Array({ minLength: 32, maxLength: 32 }).map(toBase64url);
const SECRET = toBase64url(new Uint8Array(32).fill(7));

describe("an opaque token", () => {
  it("comes apart into what it was made of", () => {
    assert(
      property(prefixes, sealedParts, secrets, (prefix, sealed, secret) => {
        expect(parseOpaqueToken(prefix, formatOpaqueToken(prefix, sealed, secret))).toEqual({ sealed, secret });
      }),
    );
  });

  it("has one spelling: whatever parses is what its parts spell", () => {
    assert(
      property(prefixes, sealedParts, secrets, string({ maxLength: 3 }), (prefix, sealed, secret, noise) => {
        const text = `${formatOpaqueToken(prefix, sealed, secret)}${noise}`;
        const parsed = parseOpaqueToken(prefix, text);
        expect(parsed === null || formatOpaqueToken(prefix, parsed.sealed, parsed.secret) === text).toBe(true);
      }),
    );
  });

  it.each([
    ["another kind's prefix", `spr_AAAA.${SECRET}`],
    ["no prefix", `AAAA.${SECRET}`],
    ["no locator", `spc_.${SECRET}`],
    ["no secret", "spc_AAAA"],
    ["a short secret", `spc_AAAA.${SECRET.slice(1)}`],
    ["a long secret", `spc_AAAA.${SECRET}A`],
    ["a third part", `spc_AAAA.${SECRET}.A`],
    ["padding", `spc_AAA=.${SECRET}`],
    ["the other alphabet", `spc_AA+/.${SECRET}`],
    ["unused bits in the secret", `spc_AAAA.${SECRET.slice(0, 42)}d`],
    ["unused bits in the locator", `spc_AB.${SECRET}`],
    ["a space before it", ` spc_AAAA.${SECRET}`],
    ["a line end behind it", `spc_AAAA.${SECRET}\n`],
    ["1 KB", `spc_${"A".repeat(1024)}.${SECRET}`],
  ])("%s: is none", (_, text) => {
    expect(parseOpaqueToken("spc_", text)).toBeNull();
    expect(parseOpaqueToken("spc_", `spc_AAAA.${SECRET}`)).not.toBeNull();
  });
});
