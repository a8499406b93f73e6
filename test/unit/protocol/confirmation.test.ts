import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toBase64url, toHex } from "../../../src/kernel/bytes.ts";
import { parseAccessTokenClaims } from "../../../src/protocol/access_token.ts";
import { readConfirmation } from "../../../src/protocol/confirmation.ts";

const THUMBPRINT = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";
/** The example of RFC 8705 §3.1, whose last symbol has bits that stand for nothing. */
const STRAY_BITS = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2";
const digest = () => fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("RFC 7800 3, RFC 8705 3.1: what a token is bound to", () => {
  it("positive control: the right spelling is read", () => {
    expect(readConfirmation({ "x5t#S256": THUMBPRINT })).toMatchObject({ ok: true, value: { thumbprint: THUMBPRINT } });
  });

  it("no claim binds nothing", () => {
    expect(readConfirmation(undefined)).toEqual({ ok: true, value: null });
  });

  it("any certificate's thumbprint is read, and is the digest that the edge tells in hexadecimal", () => {
    fc.assert(
      fc.property(digest(), (bytes) => {
        const thumbprint = toBase64url(bytes);
        expect(readConfirmation({ "x5t#S256": thumbprint })).toEqual({
          ok: true,
          value: { kind: "certificate", thumbprint, sha256: toHex(bytes) },
        });
      }),
    );
  });

  it.each([
    ["null", null],
    ["a text", THUMBPRINT],
    ["a list", [{ "x5t#S256": THUMBPRINT }]],
    ["nothing inside", {}],
    ["null inside", { "x5t#S256": null }],
    ["a list inside", { "x5t#S256": [THUMBPRINT] }],
    ["no text", { "x5t#S256": "" }],
    ["padded", { "x5t#S256": `${THUMBPRINT}=` }],
    ["the other alphabet", { "x5t#S256": `+/${THUMBPRINT.slice(2)}` }],
    ["a space", { "x5t#S256": ` ${THUMBPRINT}` }],
    ["31 bytes", { "x5t#S256": toBase64url(new Uint8Array(31)) }],
    ["33 bytes", { "x5t#S256": toBase64url(new Uint8Array(33)) }],
    ["SHA-1", { "x5t#S256": toBase64url(new Uint8Array(20)) }],
    ["hexadecimal", { "x5t#S256": "af".repeat(32) }],
    ["stray bits at its end", { "x5t#S256": STRAY_BITS }],
  ])("%s: no binding that could be checked, so no token", (_, cnf) => {
    expect(readConfirmation(cnf)).toEqual({ ok: false, error: "token_confirmation_malformed" });
  });

  it("one digest has one spelling", () => {
    fc.assert(
      fc.property(digest(), fc.string({ minLength: 43, maxLength: 44 }), (bytes, other) => {
        const read = readConfirmation({ "x5t#S256": other });
        if (read.ok && read.value !== null && read.value.sha256 === toHex(bytes))
          expect(other).toBe(toBase64url(bytes));
      }),
    );
  });

  it.each(["jkt", "jwk", "jwe", "kid", "jku", "x5t#S384", "X5T#S256", "osc", "unheard-of", "__proto__"])(
    "RFC 9449 7.1: with `%s` it is no bearer token, not even beside a certificate",
    (member) => {
      const cnf = JSON.parse(`{${JSON.stringify(member)}:"x"}`);
      const both = JSON.parse(`{"x5t#S256":"${THUMBPRINT}",${JSON.stringify(member)}:"x"}`);
      for (const claim of [cnf, both]) {
        expect(readConfirmation(claim)).toEqual({ ok: false, error: "token_sender_constrained" });
      }
    },
  );

  it("whatever a token carries, it is bound or refused: never taken as if it were free", () => {
    const claims = { iss: "https://issuer.example", sub: "u", aud: "a", client_id: "c", jti: "j", iat: 1, exp: 2 };
    fc.assert(
      fc.property(fc.jsonValue(), (cnf) => {
        const read = parseAccessTokenClaims({ ...claims, cnf });
        expect(read.ok && read.value.confirmation === null).toBe(false);
      }),
    );
  });
});
