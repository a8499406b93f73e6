import { beforeAll, describe, expect, it } from "vitest";
import { toBase64url, utf8 } from "../../src/kernel/bytes.ts";
import {
  claims,
  compact,
  encoded,
  type ForgeKey,
  header,
  newKey,
  ringKey,
  type Sign,
  token,
} from "../support/forge.ts";
import { PARTNER_JWKS_URL } from "../support/gateway_config.ts";
import { type Installation, install } from "../support/install.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { expectAccepted, expectInvalidToken } from "../support/refused.ts";

const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;
let attacker: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
  attacker = await newKey();
});

/** A gate that has shown, in this very test, that it takes a good token. */
async function openGate(): Promise<Installation> {
  const gate = install();
  await expectAccepted(gate, await token(ring));
  network.calls.length = 0;
  return gate;
}

async function refuse(forged: string, reason: string | RegExp) {
  await expectInvalidToken({ gate: await openGate(), logs, network }, forged, reason);
}

const unsigned: Sign = () => new Uint8Array(0);

function hmac(secretBytes: Uint8Array<ArrayBuffer>): Sign {
  return async (input) => {
    const key = await crypto.subtle.importKey("raw", secretBytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", key, input));
  };
}

async function publicForms(key: ForgeKey) {
  const { kty, crv = "", x = "", y = "" } = key.jwk;
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const imported = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, curve, true, ["verify"]);
  const exported = await crypto.subtle.exportKey("spki", imported);
  if (!(exported instanceof ArrayBuffer)) throw new Error("not DER");
  const der = new Uint8Array(exported);
  const base64 = btoa(String.fromCharCode(...der));
  const lines = base64.match(/.{1,64}/g)?.join("\n") ?? "";
  const raw = await crypto.subtle.exportKey("raw", imported);
  if (!(raw instanceof ArrayBuffer)) throw new Error("not raw");
  return {
    DER: der,
    PEM: utf8(`-----BEGIN PUBLIC KEY-----\n${lines}\n-----END PUBLIC KEY-----\n`),
    "PEM without the last line break": utf8(`-----BEGIN PUBLIC KEY-----\n${lines}\n-----END PUBLIC KEY-----`),
    "JWK as JSON": utf8(JSON.stringify(key.jwk)),
    point: new Uint8Array(raw),
    "JWK x bytes": Uint8Array.from(atob((key.jwk.x ?? "").replace(/-/g, "+").replace(/_/g, "/")), (c) =>
      c.charCodeAt(0),
    ),
    "empty secret, one zero byte": new Uint8Array(1),
  };
}

describe("RFC 8725 3.1: the algorithm is the configuration's choice and never the token's", () => {
  it.each(["none", "None", "NONE", "nOnE", "none ", "", "null"])(
    "alg %j without a signature is refused",
    async (alg) => {
      const gate = await openGate();
      const forged = await compact(header(ring, { alg }), claims(), unsigned);
      await expectInvalidToken({ gate, logs, network }, forged, "token_malformed");
      const signed = await compact(header(ring, { alg }), claims(), ring.sign);
      await expectInvalidToken({ gate, logs, network }, signed, "token_algorithm_not_allowed");
      const parts = signed.split(".");
      for (const cut of [`${parts[0]}.${parts[1]}`, `${parts[0]}.${parts[1]}.`, `${parts[0]}.${parts[1]}..`]) {
        await expectInvalidToken({ gate, logs, network }, secret(cut), "token_malformed");
      }
    },
  );

  it.each([
    "DER",
    "PEM",
    "PEM without the last line break",
    "JWK as JSON",
    "point",
    "JWK x bytes",
    "empty secret, one zero byte",
  ] as const)("HS256 keyed with our public key as %s is refused", async (form) => {
    const forms = await publicForms(ring);
    await refuse(
      await compact(header(ring, { alg: "HS256" }), claims(), hmac(forms[form])),
      "token_algorithm_not_allowed",
    );
  });

  it.each(["ES256K", "ES384", "ES512", "RS1", "RS256", "PS256", "EdDSA", "es256", "ES256 ", "HS512", "dir"])(
    "alg %j on the ring's own signature is refused",
    async (alg) => refuse(await token(ring, {}, { alg }), "token_algorithm_not_allowed"),
  );

  it.each([[["ES256"]], [{ toString: "ES256" }], [null], [0], [true]])("alg %j, no text, is refused", async (alg) =>
    refuse(await token(ring, {}, { alg }), "token_header_malformed"),
  );
});

describe("RFC 8725 3.8-3.10: no key, address or identifier of the token's own choosing", () => {
  const chosen: readonly [string, (key: ForgeKey) => Record<string, unknown>][] = [
    ["jwk", (key) => ({ jwk: key.jwk })],
    ["jku of its own", () => ({ jku: "https://evil.test/keys.json" })],
    ["jku of a trusted issuer", () => ({ jku: PARTNER_JWKS_URL })],
    ["x5u", () => ({ x5u: "https://evil.test/cert.pem" })],
    ["x5c", () => ({ x5c: ["MIIB"] })],
    ["x5t#S256", () => ({ "x5t#S256": "AAAA" })],
    ["JWK under another case", (key) => ({ JWK: key.jwk })],
  ];

  it.each(chosen)("an inline %s is refused, also with a good signature", async (_, members) => {
    const gate = await openGate();
    const own = { ...header(attacker), ...members(attacker) };
    await expectInvalidToken(
      { gate, logs, network },
      await compact(own, claims(), attacker.sign),
      "token_header_not_allowed",
    );
    const borrowed = await token(ring, {}, members(ring));
    await expectInvalidToken({ gate, logs, network }, borrowed, "token_header_not_allowed");
  });

  const kids: readonly [string, unknown, string][] = [
    ["a path", "../../dev/null", "token_key_unknown"],
    ["SQL", "' OR 1=1 --", "token_key_unknown"],
    ["a URL", "https://evil.test/keys.json", "token_key_unknown"],
    ["the prototype", "__proto__", "token_key_unknown"],
    ["a method of objects", "constructor", "token_key_unknown"],
    ["the right one in another case", "", "token_key_unknown"],
    ["10 kB", "k".repeat(10_240), "token_kid_missing"],
    ["empty", "", "token_kid_missing"],
    ["a number", 7, "token_kid_missing"],
    ["null", null, "token_kid_missing"],
    ["a list", ["a"], "token_kid_missing"],
    ["missing", undefined, "token_kid_missing"],
  ];

  it.each(kids)("kid: %s is refused on the ring's own signature", async (name, value, reason) => {
    const swapped = ring.kid.replace(/[a-z]/g, (c) => c.toUpperCase());
    expect(swapped).not.toBe(ring.kid);
    const kid = name === "the right one in another case" ? swapped : value;
    await refuse(await token(ring, {}, { kid }), reason);
  });

  it("a key nobody published, under the ring's kid, is refused", async () => {
    await refuse(await compact(header(ring), claims(), attacker.sign), "token_signature_wrong");
  });
});

describe("RFC 7515 4.1.11, RFC 7797 6, RFC 7516: no other processing than a plain compact JWS", () => {
  const processing: readonly [string, Record<string, unknown>][] = [
    ["crit with an unknown name", { crit: ["sallyport"], sallyport: 1 }],
    ["crit naming exp", { crit: ["exp"], exp: 9_999_999_999 }],
    ["an empty crit", { crit: [] }],
    ["b64: false", { b64: false, crit: ["b64"] }],
    ["b64: true", { b64: true }],
    ["zip", { zip: "DEF" }],
    ["enc", { enc: "A256GCM" }],
    ["an unknown member", { anything: "else" }],
    ["__proto__", JSON.parse('{"__proto__":{"alg":"none"}}')],
  ];

  it.each(processing)("%s is refused", async (_, changes) =>
    refuse(await token(ring, {}, changes), "token_header_not_allowed"),
  );

  it("RFC 7516 3.1: an encrypted token is refused", async () => {
    const parts = [encoded({ alg: "dir", enc: "A256GCM", typ: "at+jwt", kid: ring.kid }), "", "AAAA", "AAAA", "AAAA"];
    await refuse(secret(parts.join(".")), /token_malformed|bearer_malformed/);
  });

  it("RFC 7515 7.2: JSON serialisation is refused, flattened and general", async () => {
    const [protectedHeader, payload, signature] = (await token(ring)).split(".");
    const gate = await openGate();
    const flattened = JSON.stringify({ payload, protected: protectedHeader, signature });
    const general = JSON.stringify({ payload, signatures: [{ protected: protectedHeader, signature }] });
    for (const form of [flattened, general, toBase64url(utf8(flattened))]) {
      await expectInvalidToken({ gate, logs, network }, secret(form), /bearer_malformed|token_malformed/);
    }
  });

  it("RFC 8725 2.4: a header member that appears twice is refused, whichever value a parser would take", async () => {
    const gate = await openGate();
    const once = JSON.stringify(header(ring));
    await expectAccepted(gate, await compact(once, claims(), ring.sign));
    network.calls.length = 0;
    const twice = [
      once.replace('"alg"', '"alg":"none","alg"'),
      `${once.slice(0, -1)},"alg":"ES256"}`,
      `${once.slice(0, -1)},"\\u0061lg":"none"}`,
      `${once.slice(0, -1)},"kid":"other"}`,
    ];
    for (const text of twice) {
      await expectInvalidToken(
        { gate, logs, network },
        await compact(text, claims(), ring.sign),
        "token_header_malformed",
      );
    }
  });

  it.each(["[]", "null", '"ES256"', "1", "{", "", "{'alg':'ES256'}", "\ufeff{}"])(
    "a header that reads %j is refused",
    async (text) => {
      await refuse(await compact(text, claims(), ring.sign), /token_header_malformed|token_malformed/);
    },
  );
});
