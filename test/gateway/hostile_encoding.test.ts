import { beforeAll, describe, expect, it } from "vitest";
import { fromBase64url, toBase64url, utf8 } from "../../src/kernel/bytes.ts";
import { bearer, claims, compact, encoded, type ForgeKey, header, ringKey, token } from "../support/forge.ts";
import { type Installation, install } from "../support/install.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { expectAccepted, expectInvalidToken, INVALID_TOKEN, problemOf } from "../support/refused.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;
let good: string;

beforeAll(async () => {
  ring = await ringKey();
  good = await token(ring);
});

async function openGate(): Promise<Installation> {
  const gate = install();
  await expectAccepted(gate, good);
  network.calls.length = 0;
  return gate;
}

async function refuse(forged: string, reason: string | RegExp) {
  await expectInvalidToken({ gate: await openGate(), logs, network }, secret(forged), reason);
}

function parts(): [string, string, string] {
  const [head = "", payload = "", signature = ""] = good.split(".");
  return [head, payload, signature];
}

/** `text` with its last symbol replaced by the next one: the same bytes in another spelling, where bits are unused. */
function nextLastSymbol(text: string): string {
  const last = ALPHABET.indexOf(text.at(-1) ?? "");
  return text.slice(0, -1) + ALPHABET.charAt(last + 1);
}

describe("RFC 7515 5.2: one flipped bit anywhere ends a token", () => {
  it("each of the 6 bits of every 5th symbol, and of the last ones of each part", async () => {
    const gate = await openGate();
    const [head, payload] = parts();
    const borders = [head.length - 1, head.length + payload.length, good.length - 1, good.length - 2];
    const positions = [...good].flatMap((symbol, at) =>
      symbol !== "." && (at % 5 === 0 || borders.includes(at)) ? [at] : [],
    );
    let tried = 0;
    for (const at of positions) {
      for (let bit = 0; bit < 6; bit++) {
        const flipped = ALPHABET.charAt(ALPHABET.indexOf(good.charAt(at)) ^ (1 << bit));
        const forged = secret(good.slice(0, at) + flipped + good.slice(at + 1));
        const response = await gate.fetch("/orders", { headers: bearer(forged) });
        expect(response.status, `bit ${bit} of symbol ${at}`).toBe(401);
        expect(await problemOf(response)).toEqual(INVALID_TOKEN);
        tried += 1;
      }
    }
    expect(tried).toBeGreaterThan(400);
    expect(network.originCalls).toEqual([]);
    await expectAccepted(gate, good);
  });

  it("one byte more, one less, and parts of two good tokens", async () => {
    const other = (await token(ring, { scope: "orders:read orders:write" })).split(".");
    const [head, payload, signature] = parts();
    await refuse(`${good}A`, /token_malformed|token_signature_wrong/);
    await refuse(good.slice(0, -1), /token_malformed|token_signature_wrong/);
    await refuse(`${head}.${other[1]}.${signature}`, "token_signature_wrong");
    await refuse(`${head}.${payload}.${other[2]}`, "token_signature_wrong");
    await expectAccepted(await openGate(), other.join("."));
  });
});

describe("CVE-2022-21449: degenerate ES256 signatures prove nothing", () => {
  const order = Uint8Array.from(
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551".match(/../g) ?? [],
    (hex) => Number.parseInt(hex, 16),
  );
  const one = Uint8Array.from({ length: 32 }, (_, at) => (at === 31 ? 1 : 0));
  const zero = new Uint8Array(32);
  const join = (r: Uint8Array, s: Uint8Array) => Uint8Array.from([...r, ...s]);

  const signatures: readonly [string, Uint8Array][] = [
    ["r = s = 0", join(zero, zero)],
    ["r = 0", join(zero, one)],
    ["s = 0", join(one, zero)],
    ["r = n", join(order, one)],
    ["s = n", join(one, order)],
    ["r = s = n", join(order, order)],
    ["r = s = 1", join(one, one)],
    ["all ones", new Uint8Array(64).fill(0xff)],
    ["32 bytes", new Uint8Array(32).fill(1)],
    ["1 byte", new Uint8Array(1)],
    ["1 kB", new Uint8Array(1024).fill(1)],
  ];
  it.each(signatures)("%s", async (_, signature) =>
    refuse(await compact(header(ring), claims(), () => signature), "token_signature_wrong"),
  );

  it("RFC 7518 3.4: a good signature with a byte less, a byte more, or as DER", async () => {
    const gate = await openGate();
    const head = encoded(header(ring));
    const payload = encoded(claims());
    const whole = await ring.sign(utf8(`${head}.${payload}`));
    const integer = (bytes: Uint8Array) => {
      const padded = (bytes[0] ?? 0) > 0x7f ? [0, ...bytes] : [...bytes];
      return [2, padded.length, ...padded];
    };
    const body = [...integer(whole.slice(0, 32)), ...integer(whole.slice(32))];
    const forms: readonly [string, Uint8Array][] = [
      ["63 bytes", whole.slice(0, 63)],
      ["63 bytes, the first one missing", whole.slice(1)],
      ["65 bytes", Uint8Array.from([...whole, 0])],
      ["65 bytes, a zero in front", Uint8Array.from([0, ...whole])],
      ["DER", Uint8Array.from([0x30, body.length, ...body])],
    ];
    await expectAccepted(gate, secret(`${head}.${payload}.${toBase64url(whole)}`));
    network.calls.length = 0;
    for (const [, bytes] of forms) {
      const forged = secret(`${head}.${payload}.${toBase64url(bytes)}`);
      await expectInvalidToken({ gate, logs, network }, forged, "token_signature_wrong");
    }
  });
});

describe("RFC 7515 2, RFC 4648 3.5: a token has one spelling", () => {
  it("padding is refused, in each part and at the end", async () => {
    const [head, payload, signature] = parts();
    await refuse(`${head}=.${payload}.${signature}`, /malformed/);
    await refuse(`${head}.${payload}=.${signature}`, /malformed/);
    await refuse(`${good}=`, "token_malformed");
    await refuse(`${good}==`, "token_malformed");
  });

  it("unused low bits that are not zero are refused in each part, though the bytes are the same", async () => {
    // Claims of a length that leaves unused bits behind, in each part.
    const gate = await openGate();
    let head = encoded(header(ring));
    let payload = encoded(claims());
    for (let pad = " "; head.length % 4 === 0; pad += " ") head = encoded(`${JSON.stringify(header(ring))}${pad}`);
    for (let pad = " "; payload.length % 4 === 0; pad += " ") payload = encoded(`${JSON.stringify(claims())}${pad}`);
    const sign = async (input: string) => `${input}.${toBase64url(await ring.sign(utf8(input)))}`;
    const plain = secret(await sign(`${head}.${payload}`));
    await expectAccepted(gate, plain);
    network.calls.length = 0;
    const respelled = [
      plain.slice(0, -1) + ALPHABET.charAt(ALPHABET.indexOf(plain.at(-1) ?? "") + 1),
      await sign(`${nextLastSymbol(head)}.${payload}`),
      await sign(`${head}.${nextLastSymbol(payload)}`),
    ];
    for (const forged of respelled) {
      await expectInvalidToken({ gate, logs, network }, secret(forged), "token_malformed");
    }
    expect(fromBase64url(nextLastSymbol(head))).toBeNull();
  });

  it.each([
    ["a trailing dot", (text: string) => `${text}.`],
    ["a leading dot", (text: string) => `.${text}`],
    ["a fourth part", (text: string) => `${text}.AAAA`],
    ["a space inside", (text: string) => text.replace(".", ". ")],
    ["a tab inside", (text: string) => text.replace(".", ".\t")],
    ["a space at a part's end", (text: string) => text.replace(".", " .")],
    ["the plain base64 alphabet", (text: string) => `${text.slice(0, -4)}+/${text.slice(-2)}`],
    ["a percent sign", (text: string) => text.replace(".", "%2E")],
    ["quotes round it", (text: string) => `"${text}"`],
    ["the scheme twice", (text: string) => `Bearer ${text}`],
    ["a parameter behind it", (text: string) => `${text} realm="x"`],
  ])("%s is refused", async (_, spell) => refuse(spell(good), /malformed/));

  it("RFC 9110 11.1: the scheme's case and the spaces behind it do not matter", async () => {
    const gate = await openGate();
    for (const authorization of [`bearer ${good}`, `BEARER ${good}`, `Bearer   ${good}`, `  Bearer ${good}  `]) {
      expect((await gate.fetch("/orders", { headers: { authorization } })).status).toBe(200);
    }
    for (const authorization of [
      `Bearer\t${good}`,
      `Bearer=${good}`,
      `Bearer${good}`,
      `Token ${good}`,
      good,
      "Bearer",
      "Bearer ",
    ]) {
      expect((await gate.fetch("/orders", { headers: { authorization } })).status, authorization.slice(0, 12)).toBe(
        401,
      );
    }
  });

  it("a megabyte of token is refused at once", async () => {
    const gate = await openGate();
    const huge = `${good.slice(0, good.indexOf("."))}.${"A".repeat(1024 * 1024)}.AAAA`;
    const response = await gate.fetch("/orders", { headers: bearer(huge) });
    expect(response.status).toBe(431);
    const large = secret(await token(ring, { extra: "x".repeat(20_000) }));
    await expectInvalidToken({ gate, logs, network }, large, "token_malformed");
  });
});
