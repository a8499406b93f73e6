import { env } from "cloudflare:workers";
import { calculateJwkThumbprint } from "jose";
import { openSigningKey } from "../../src/adapters/jose_keys.ts";
import { parseKeyEncryption } from "../../src/adapters/key_encryption.ts";
import { need, readBindings } from "../../src/bindings.ts";
import { toBase64url, utf8 } from "../../src/kernel/bytes.ts";
import { platformRandom, randomTokenId } from "../../src/kernel/random.ts";
import { newClientId } from "../../src/protocol/ids.ts";
import type { PublicJwk } from "../../src/protocol/signing_key_ring.ts";
import { ISSUER_URL, RESOURCE } from "./gateway_config.ts";
import { secret } from "./logs.ts";

/** Signs the bytes of `header.payload`. */
export type Sign = (input: Uint8Array<ArrayBuffer>) => Promise<Uint8Array> | Uint8Array;

/** A key that a test can sign anything with. */
export interface ForgeKey {
  readonly kid: string;
  readonly jwk: PublicJwk;
  readonly sign: Sign;
}

type Json = Readonly<Record<string, unknown>>;

const SUBTLE = {
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
  EdDSA: { name: "Ed25519" },
} as const;
export type ForgeAlgorithm = keyof typeof SUBTLE;

function signWith(alg: ForgeAlgorithm, key: CryptoKey): Sign {
  return async (input) => new Uint8Array(await crypto.subtle.sign(SUBTLE[alg], key, input));
}

/** The key with which this installation's own issuer signs now. */
export async function ringKey(): Promise<ForgeKey> {
  const bindings = readBindings(env);
  const ring = need(bindings, "SIGNING_KEYS").getByName("one");
  const sealed = await ring.signingKey("ES256");
  const { keys } = await ring.published();
  const jwk = keys.find((key) => key.kid === sealed.kid);
  const encryption = parseKeyEncryption(need(bindings, "SIGNING_KEK"));
  if (jwk === undefined || encryption === null) throw new Error("the ring has no key to forge with");
  const key = await openSigningKey(encryption, "signing-keys", { ...sealed });
  return { kid: sealed.kid, jwk: { ...jwk }, sign: signWith("ES256", key) };
}

/** A key of the test's own, unknown to every issuer unless the test publishes `jwk`. */
export async function newKey(alg: ForgeAlgorithm = "ES256", modulusLength = 2048): Promise<ForgeKey> {
  const rsa = { modulusLength, publicExponent: new Uint8Array([1, 0, 1]) };
  const pair = await crypto.subtle.generateKey({ ...SUBTLE[alg], ...rsa }, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error("not a key pair");
  const exported = await crypto.subtle.exportKey("jwk", pair.publicKey);
  if (exported instanceof ArrayBuffer) throw new Error("not a JWK");
  const { kty = "", crv, x, y, n, e } = exported;
  const members = { kty, ...(crv && { crv }), ...(x && { x }), ...(y && { y }), ...(n && { n }), ...(e && { e }) };
  const kid = await calculateJwkThumbprint(members);
  return { kid, jwk: { ...members, kid, alg, use: "sig" }, sign: signWith(alg, pair.privateKey) };
}

/** Claims that lack nothing, changed by `changes`; a member that is undefined is left out. */
export function claims(changes: Json = {}): Json {
  const clientId = newClientId(platformRandom);
  const nowSeconds = Math.floor(Date.now() / 1000);
  return {
    iss: ISSUER_URL,
    sub: clientId,
    client_id: clientId,
    aud: RESOURCE,
    scope: "orders:read",
    iat: nowSeconds,
    exp: nowSeconds + 600,
    jti: randomTokenId(platformRandom),
    ...changes,
  };
}

/** JSON, or a text that stands for itself, as base64url. */
export function encoded(value: Json | string): string {
  return toBase64url(utf8(typeof value === "string" ? value : JSON.stringify(value)));
}

/** A compact JWS of any header and payload, right or wrong. */
export async function compact(header: Json | string, payload: Json | string, sign: Sign): Promise<string> {
  const input = `${encoded(header)}.${encoded(payload)}`;
  return secret(`${input}.${toBase64url(await sign(utf8(input)))}`);
}

/** The header of a good token by `key`. */
export function header(key: ForgeKey, changes: Json = {}): Json {
  return { alg: key.jwk.alg, typ: "at+jwt", kid: key.kid, ...changes };
}

/** An access token by `key`: good but for `claimChanges` and `headerChanges`. */
export function token(key: ForgeKey, claimChanges: Json = {}, headerChanges: Json = {}): Promise<string> {
  return compact(header(key, headerChanges), claims(claimChanges), key.sign);
}

/** The header field that presents `value`. */
export function bearer(value: string): { readonly authorization: string } {
  return { authorization: `Bearer ${value}` };
}
