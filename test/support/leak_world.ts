import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { beforeAll, beforeEach, expect } from "vitest";
import { adminApp } from "../../src/admin/app.ts";
import { hashApiKey, parseApiKey } from "../../src/protocol/api_key.ts";
import { type AdminCaller, adminCaller, migrate, stores } from "./admin_world.ts";
import { secret } from "./logs.ts";
import { stubNetwork } from "./network.ts";

export const KEYS_URL = "https://api.github.com/meta/public_keys/secret_scanning";
export const REPORT_TYPE = "sallyport_api_key";
export const FOUND_AT = "https://github.com/octo/cat/blob/1234/.env";

/** Who signs reports, as GitHub does: in DER, under a key that it names. */
export interface Signer {
  readonly id: string;
  readonly pem: string;
  sign(text: string): Promise<string>;
}

/** A key pair as GitHub has them, which signs in DER. */
async function newSigner(id: string): Promise<Signer> {
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const pair = (await crypto.subtle.generateKey(curve, true, ["sign", "verify"])) as CryptoKeyPair;
  const spki = new Uint8Array((await crypto.subtle.exportKey("spki", pair.publicKey)) as ArrayBuffer);
  const body = btoa(String.fromCharCode(...spki)).replaceAll(/.{64}/g, "$&\n");
  return {
    id,
    pem: `-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----\n`,
    async sign(text) {
      const algorithm = { name: "ECDSA", hash: "SHA-256" };
      const raw = await crypto.subtle.sign(algorithm, pair.privateKey, new TextEncoder().encode(text));
      return btoa(String.fromCharCode(...derOf(new Uint8Array(raw))));
    },
  };
}

function derOf(raw: Uint8Array): number[] {
  const numbers = [raw.slice(0, 32), raw.slice(32)].flatMap((half) => {
    const least = [...half].slice(half.findIndex((byte) => byte !== 0));
    const padded = (least[0] ?? 0) >= 0x80 ? [0, ...least] : least;
    return [0x02, padded.length, ...padded];
  });
  return [0x30, numbers.length, ...numbers];
}

/** What a test changes of a message. */
export interface MessageWishes {
  readonly signer?: Signer;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is signed, where that is not what is sent. */
  readonly signed?: string;
  readonly method?: string;
  readonly parts?: AdminCaller["parts"];
  /** What is sent in the place of the body that was signed. */
  readonly sent?: BodyInit;
}

/** A message with a report of each of `tokens`. */
export function report(...tokens: string[]): string {
  return JSON.stringify(tokens.map((token) => ({ token, type: REPORT_TYPE, url: FOUND_AT, source: "content" })));
}

/** What the gate would find in KV of the key `text`. */
export async function copyOf(text: string): Promise<unknown> {
  const key = parseApiKey(text);
  return key === null ? null : stores.copies.get(await hashApiKey(key), "json");
}

/** A sender of reports, somebody who is not, and an admin app that takes them; each test is an isolate of its own. */
export function leakWorld() {
  const network = stubNetwork();
  let admin: AdminCaller;
  let github: Signer;
  let stranger: Signer;
  let published: () => Response | Promise<Response>;
  const genuine = () =>
    Response.json({ public_keys: [{ key_identifier: github.id, key: github.pem, is_current: true }] });
  beforeAll(async () => {
    await migrate();
    [github, stranger] = [await newSigner("a".repeat(64)), await newSigner("b".repeat(64))];
  });
  beforeEach(async () => {
    published = genuine;
    network.serve(KEYS_URL, () => published());
    admin = await adminCaller();
  });
  return {
    network,
    get admin() {
      return admin;
    },
    get github() {
      return github;
    },
    get stranger() {
      return stranger;
    },
    /** What GitHub answers who asks for its keys; null for what it really does. */
    publish(answer: (() => Response | Promise<Response>) | null) {
      published = answer ?? genuine;
    },
    /** Sends `body` as GitHub does, but for what the test wishes. */
    async send(
      body: string,
      { signer = github, headers = {}, signed, method = "POST", parts, sent: instead }: MessageWishes = {},
    ) {
      const sent = new Headers({
        "content-type": "application/json",
        "github-public-key-identifier": signer.id,
        "github-public-key-signature": await signer.sign(signed ?? body),
        "cf-connecting-ip": "192.0.2.1",
        ...headers,
      });
      for (const [name, value] of Object.entries(headers)) if (value === "") sent.delete(name);
      const ctx = createExecutionContext();
      const init = { method, headers: sent, ...(method === "POST" ? { body: instead ?? body } : {}) };
      const app = adminApp(parts ?? admin.parts);
      const response = await app.fetch(new Request(`${admin.parts.issuerUrl}/secret-scanning`, init), {}, ctx);
      await waitOnExecutionContext(ctx);
      return {
        status: response.status,
        headers: response.headers,
        json: await response.json<Record<string, unknown>>(),
      };
    },
    /** A key, made by an operator. */
    async newKey(fields: object = {}) {
      const told = await admin.call("POST", "/keys", { name: "CI", environment: "live", scopes: [], ...fields });
      expect(told.status, told.text).toBe(201);
      return { id: told.json.id, text: secret(told.json.key) };
    },
    /** The key called `id` as operators see it. */
    read: async (id: string) => (await admin.call("GET", `/keys/${id}`)).json,
  };
}
