import * as fc from "fast-check";
import { calculateJwkThumbprint } from "jose";
import { describe, expect, it } from "vitest";
import { toBase64url, utf8 } from "../../../src/kernel/bytes.ts";
import { isTokenType, parseCompactJws } from "../../../src/protocol/jws.ts";

const GOOD = { alg: "ES256", kid: "k1", typ: "at+jwt" };

function encode(text: string): string {
  return toBase64url(utf8(text));
}

function jws(header: string | object = GOOD, claims: string | object = { a: 1 }, signature = "c2ln"): string {
  const json = (part: string | object) => encode(typeof part === "string" ? part : JSON.stringify(part));
  return `${json(header)}.${json(claims)}.${signature}`;
}

describe("RFC 7515 7.1: compact serialisation, read strictly", () => {
  it("takes a plain one apart", () => {
    const parsed = parseCompactJws(jws());
    if (!parsed.ok) throw new Error(parsed.error);
    const { claims, ...rest } = parsed.value;
    expect([rest, claims()]).toEqual([GOOD, { a: 1 }]);
  });

  it.each([
    ["empty", ""],
    ["two parts", "e30.e30"],
    ["four parts", `${jws()}.x`],
    ["five parts: a JWE", "a.b.c.d.e"],
    ["an empty signature", jws(GOOD, { a: 1 }, "")],
    ["an empty payload: detached", `${encode(JSON.stringify(GOOD))}..c2ln`],
    ["JSON serialisation", JSON.stringify({ payload: "e30", signatures: [] })],
    ["padding", `${jws()}=`],
    ["the other alphabet", jws(GOOD, { a: 1 }, "c2+/")],
    ["a last symbol with stray bits", jws(GOOD, { a: 1 }, "c2lh_B")],
    ["an impossible length", jws(GOOD, { a: 1 }, "c2lnA")],
    ["white space around", ` ${jws()}`],
    ["a line end inside", jws().replace(".", ".\n")],
    ["more than 16 KiB", jws(GOOD, { a: "x".repeat(20_000) })],
  ])("refuses %s", (_, token) => {
    expect(parseCompactJws(token)).toEqual({ ok: false, error: "token_malformed" });
  });
});

describe("RFC 8725 3: the header", () => {
  it.each([
    "jwk",
    "jku",
    "x5u",
    "x5c",
    "x5t",
    "x5t#S256",
    "crit",
    "b64",
    "zip",
    "enc",
    "epk",
    "nonce",
    "__proto__",
    "KID",
  ])("with %s is not for us", (member) => {
    const header = `{"alg":"ES256","kid":"k1",${JSON.stringify(member)}:["x"]}`;
    expect(parseCompactJws(jws(header))).toEqual({ ok: false, error: "token_header_not_allowed" });
  });

  it.each([
    ["a list", "[]", "token_header_malformed"],
    ["null", "null", "token_header_malformed"],
    ["a text", '"ES256"', "token_header_malformed"],
    ["no JSON", "{alg:1}", "token_header_malformed"],
    ["alg twice", '{"alg":"ES256","alg":"none","kid":"k1"}', "token_header_malformed"],
    ["alg twice, once escaped", '{"alg":"ES256","\\u0061lg":"none","kid":"k1"}', "token_header_malformed"],
    ["no alg", '{"kid":"k1"}', "token_header_malformed"],
    ["alg of another type", '{"alg":["ES256"],"kid":"k1"}', "token_header_malformed"],
    ["typ of another type", '{"alg":"ES256","kid":"k1","typ":1}', "token_header_malformed"],
    ["no kid", '{"alg":"ES256"}', "token_kid_missing"],
    ["an empty kid", '{"alg":"ES256","kid":""}', "token_kid_missing"],
    ["kid of another type", '{"alg":"ES256","kid":7}', "token_kid_missing"],
    ["a kid of 257 characters", `{"alg":"ES256","kid":"${"x".repeat(257)}"}`, "token_kid_missing"],
  ])("%s is refused", (_, header, fault) => {
    expect(parseCompactJws(jws(header))).toEqual({ ok: false, error: fault });
  });

  it("bytes that are not UTF-8 are no header", () => {
    expect(parseCompactJws(`${toBase64url(Uint8Array.of(0xff, 0xfe))}.e30.c2ln`).ok).toBe(false);
  });

  it.each([
    ["twice the same claim", '{"exp":1,"exp":2}'],
    ["no JSON", "exp=1"],
    ["too deep", "[".repeat(40) + "]".repeat(40)],
  ])("claims with %s are undefined", (_, claims) => {
    const parsed = parseCompactJws(jws(GOOD, claims));
    expect(parsed.ok && parsed.value.claims()).toBeUndefined();
  });

  it("never throws, whatever the text", () => {
    const part = fc.oneof(fc.string(), fc.json().map(encode), fc.constant("c2ln"));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const parsed = parseCompactJws(parts.join("."));
        if (parsed.ok) parsed.value.claims();
        expect(typeof parsed.ok).toBe("boolean");
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("RFC 7515 4.1.9: typ", () => {
  it.each(["at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "APPLICATION/AT+JWT"])("%s is at+jwt", (typ) => {
    expect(isTokenType(typ, "at+jwt")).toBe(true);
  });

  it.each([
    "",
    "JWT",
    "jwt",
    "at+jwt ",
    "at-jwt",
    "application/jwt",
    "text/at+jwt",
    "sallyport-identity+jwt",
    "application/application/at+jwt",
  ])("%j is not", (typ) => {
    expect(isTokenType(typ, "at+jwt")).toBe(false);
  });
});

describe("published vectors: what a kid is made of", () => {
  it("RFC 7638 3.1: the thumbprint of an RSA key", async () => {
    const n = [
      "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB",
      "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8",
      "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_",
      "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    ].join("");
    const key = { kty: "RSA", n, e: "AQAB" };
    expect(await calculateJwkThumbprint(key)).toBe("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  });

  it("RFC 8037 A.3: the thumbprint of an Ed25519 key", async () => {
    const key = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
    expect(await calculateJwkThumbprint(key)).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  });
});
