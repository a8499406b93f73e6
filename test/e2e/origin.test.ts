import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEMO_AUDIENCE, type RunningOrigin, startOrigin } from "../../scripts/origin.ts";

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];

let gateway: Server;
let gatewayUrl: string;
let origin: RunningOrigin;
let key: PrivateKey;
let strangersKey: PrivateKey;

beforeAll(async () => {
  const pair = await generateKeyPair("ES256");
  strangersKey = (await generateKeyPair("ES256")).privateKey;
  key = pair.privateKey;
  const jwk: JWK = { ...(await exportJWK(pair.publicKey)), kid: "one", alg: "ES256", use: "sig" };
  gateway = createServer((request, response) => {
    const found = request.url === "/.well-known/sallyport/identity-jwks.json";
    response.writeHead(found ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((done) => gateway.listen(0, "127.0.0.1", done));
  gatewayUrl = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
  origin = await startOrigin({ port: 0, gatewayUrl, identityAudience: DEMO_AUDIENCE });
});

afterAll(async () => {
  await origin.close();
  gateway.closeAllConnections();
  gateway.close();
});

interface Identity {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly signer?: PrivateKey;
}

function identity({ header = {}, claims = {}, signer = key }: Identity = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const all = { iss: gatewayUrl, aud: DEMO_AUDIENCE, sub: "cli_demo", iat: now, exp: now + 60, ...claims };
  return new SignJWT(all)
    .setProtectedHeader({ alg: "ES256", typ: "sallyport-identity+jwt", kid: "one", ...header })
    .sign(signer);
}

async function call(method: string, path: string, body?: unknown): Promise<Response> {
  const headers = { "sallyport-identity": await identity() };
  return fetch(`${origin.url}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

describe("the demo origin believes Sallyport-Identity alone", () => {
  const past = Math.floor(Date.now() / 1000) - 3600;
  test.each<[string, Identity]>([
    ["a key that the gateway does not publish", {}],
    ["another type", { header: { typ: "at+jwt" } }],
    ["another audience", { claims: { aud: "urn:sallyport:other-origin" } }],
    ["another issuer", { claims: { iss: "http://evil.example" } }],
    ["an identity that ended", { claims: { iat: past - 60, exp: past } }],
    ["no subject", { claims: { sub: undefined } }],
    ["no end", { claims: { exp: undefined } }],
  ])("401 for %s", async (name, shape) => {
    const token = await identity(name.startsWith("a key") ? { signer: strangersKey } : shape);
    const answer = await fetch(`${origin.url}/whoami`, { headers: { "sallyport-identity": token } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
  });

  test("401 with nothing, with other identity headers, and with two identities", async () => {
    const strangers = { "x-user-id": "usr_1", authorization: "Bearer x", "x-forwarded-user": "root" };
    expect((await fetch(`${origin.url}/orders`)).status).toBe(401);
    expect((await fetch(`${origin.url}/orders`, { headers: strangers })).status).toBe(401);
    const tokens = [await identity(), await identity()];
    const status = await new Promise((resolve) => {
      const headers = { "sallyport-identity": tokens };
      httpRequest(`${origin.url}/orders`, { headers }, (answer) => resolve(answer.resume().statusCode)).end();
    });
    expect(status).toBe(401);
  });

  test("200 with one, and /whoami says who and what arrived", async () => {
    const headers = { "sallyport-identity": await identity(), "x-request-id": "r1" };
    const answer = await fetch(`${origin.url}/whoami`, { headers });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      identity: { sub: "cli_demo", aud: DEMO_AUDIENCE, iss: gatewayUrl },
      headers: { "x-request-id": "r1" },
    });
  });

  test("503, not 401, while the gateway's keys cannot be fetched", async () => {
    const alone = await startOrigin({ port: 0, gatewayUrl: "http://127.0.0.1:9", identityAudience: DEMO_AUDIENCE });
    const answer = await fetch(`${alone.url}/orders`, { headers: { "sallyport-identity": await identity() } });
    expect(answer.status).toBe(503);
    await alone.close();
  });

  test("the health check is public", async () => {
    expect((await fetch(`${origin.url}/public/health`)).status).toBe(200);
  });
});

describe("the demo API", () => {
  test("orders are listed, made and approved", async () => {
    const made = await call("POST", "/orders", { item: "bolt", quantity: 3 });
    expect(made.status).toBe(201);
    const order = (await made.json()) as { id: string };
    expect(order).toMatchObject({ item: "bolt", quantity: 3, status: "open", orderedBy: "cli_demo" });
    const approved = await call("POST", `/orders/${order.id}/approve`);
    expect(await approved.json()).toMatchObject({ id: order.id, status: "approved" });
    expect(await (await call("GET", "/orders")).json()).toEqual(await (await call("GET", "/v1/orders")).json());
  });

  test.each([
    ["an empty item", { item: "", quantity: 1 }],
    ["no quantity", { item: "bolt" }],
    ["half a bolt", { item: "bolt", quantity: 0.5 }],
    ["a list", [1]],
  ])("400 for %s", async (_, body) => {
    expect((await call("POST", "/orders", body)).status).toBe(400);
  });

  test("413 for a body over 64 KiB", async () => {
    expect((await call("POST", "/orders", { item: "x".repeat(70_000), quantity: 1 })).status).toBe(413);
  });

  test("documents are read and written", async () => {
    expect(await (await call("GET", "/documents/doc_1")).json()).toMatchObject({ id: "doc_1" });
    expect((await call("PUT", "/documents/a%20b", { text: "new" })).status).toBe(201);
    expect(await (await call("GET", "/documents/a%20b")).json()).toEqual({ id: "a b", text: "new" });
    // What a change leaves out stays.
    await call("PUT", "/documents/a%20b", { text: "new", note: "mine", reviewed: true });
    await call("PUT", "/documents/a%20b", { text: "newer" });
    const kept = { id: "a b", text: "newer", note: "mine", reviewed: true };
    expect(await (await call("GET", "/documents/a%20b")).json()).toEqual(kept);
    expect((await call("GET", "/documents/none")).status).toBe(404);
  });

  test("bodies are echoed, answers wait, and streams come in pieces", async () => {
    expect(await (await call("POST", "/echo", { a: 1 })).json()).toEqual({ a: 1 });
    expect(await (await call("GET", "/slow?ms=20")).json()).toEqual({ waitedMs: 20 });
    expect((await call("GET", "/slow?ms=60001")).status).toBe(400);
    const pieces: string[] = [];
    const body = (await call("GET", "/stream")).body?.pipeThrough(new TextDecoderStream());
    for await (const piece of body ?? []) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join("")).toBe("chunk 1\nchunk 2\nchunk 3\nchunk 4\nchunk 5\n");
  });

  test("404 for an unknown path, 405 with Allow for a wrong method", async () => {
    expect((await call("GET", "/nothing")).status).toBe(404);
    const answer = await call("DELETE", "/orders");
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("GET, HEAD, POST");
    expect((await call("HEAD", "/echo")).status).toBe(405);
  });

  test.each(["/orders", "/v1/orders", "/whoami", "/documents/doc_1", "/limited/ping", "/slow?ms=1", "/stream"])(
    "HEAD %s answers as GET does, without a body",
    async (path) => {
      const [got, asked] = [await call("GET", path), await call("HEAD", path)];
      expect(asked.status).toBe(200);
      expect(asked.headers.get("content-type")).toBe(got.headers.get("content-type"));
      expect(await asked.text()).toBe("");
    },
  );

  test("HEAD of the health check needs no identity either", async () => {
    expect((await fetch(`${origin.url}/public/health`, { method: "HEAD" })).status).toBe(200);
  });
});
