import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from "jose";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bundle } from "../../scripts/workers/bundle.ts";
import { newSecrets, workerOptions } from "../../scripts/workers/options.ts";
import { calledServer } from "./called_server.ts";
import { freePorts } from "./free_port.ts";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const json = (body: unknown, status = 200): Answer => {
  return (response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};
/** Writes until the caller hangs up. */
const endless: Answer = (response) => {
  response.writeHead(200, { "content-type": "application/json" });
  const write = () => {
    while (response.write("[".repeat(16_384)));
    response.once("drain", write);
  };
  write();
};
const silent: Answer = () => undefined;

/** The Worker's log is not looked at here. */
function unheard(stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream): void {
  stdout.resume();
  stderr.resume();
}

/** Answers by path; the test puts there what each says. */
const answers = new Map<string, Answer>();
const hits = new Map<string, number>();
const hungUp: string[] = [];
let provider: Server;
let url: string;
let gate: string;
let origin: string;
let miniflare: Miniflare | undefined;
let secrets: ReturnType<typeof newSecrets>;
let bundled: Awaited<ReturnType<typeof bundle>>;
const pair = await generateKeyPair("ES256");
const jwk = { ...(await exportJWK(pair.publicKey)), alg: "ES256", use: "sig" };
const kid = await calculateJwkThumbprint(jwk);

beforeAll(async () => {
  provider = calledServer((request, response) => {
    const path = request.url ?? "";
    hits.set(path, (hits.get(path) ?? 0) + 1);
    response.once("close", () => {
      if (!response.writableFinished) hungUp.push(path);
    });
    (answers.get(path) ?? json({ path }))(response, request);
  });
  await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
  const address = provider.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  origin = `http://127.0.0.1:${address.port}`;
  url = `${origin}/as`;
  secrets = newSecrets();
  bundled = await bundle(at("../../src/worker.ts"), at("./configs/foreign_issuer.ts"));
});

afterAll(async () => {
  await miniflare?.dispose();
  provider.closeAllConnections();
  await new Promise((resolve) => provider.close(resolve));
});

/** Each test has an isolate of its own, with nothing in memory and no copies. */
beforeEach(async () => {
  await miniflare?.dispose();
  hits.clear();
  hungUp.length = 0;
  answers.clear();
  answers.set("/.well-known/oauth-authorization-server/as", json({ issuer: url, jwks_uri: `${url}/keys` }));
  answers.set("/as/keys", json({ keys: [{ ...jwk, kid }] }));
  const [port = 0] = await freePorts(1);
  gate = `http://127.0.0.1:${port}`;
  const vars = { ISSUER_URL: gate, GATEWAY_URL: gate, DEMO_ORIGIN_URL: origin, FOREIGN_SECRET: "s3cret" };
  const options = workerOptions(bundled, { name: "sallyport", vars, secrets, port });
  miniflare = new Miniflare({ host: "127.0.0.1", handleRuntimeStdio: unheard, workers: [options] });
  await miniflare.ready;
});

async function call(bearer: string): Promise<number> {
  const response = await fetch(`${gate}/orders`, { headers: { authorization: `Bearer ${bearer}` } });
  await response.arrayBuffer();
  return response.status;
}

function token(name = kid): Promise<string> {
  return new SignJWT({ client_id: "web", scope: "orders:read", jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: name })
    .setIssuer(url)
    .setSubject("u1")
    .setAudience(`${gate}/`)
    .setIssuedAt()
    .setExpirationTime("5m")
    .sign(pair.privateKey);
}

describe("a provider over real sockets", () => {
  test("found by its metadata, its tokens open the route", async () => {
    expect(await call(await token())).toBe(200);
    expect(await call(await token())).toBe(200);
    expect(hits.get("/as/keys")).toBe(1);
  });

  test.each(["/.well-known/oauth-authorization-server/as", "/as/keys"])(
    "API7: a redirect is not followed: from %s, and from introspection",
    async (path) => {
      const elsewhere: Answer = (response) => void response.writeHead(302, { location: `${origin}/private` }).end();
      answers.set(path, elsewhere);
      answers.set("/as/introspect", elsewhere);
      expect([await call(await token()), await call("opaque-1")]).toEqual([503, 503]);
      expect([hits.get(path), hits.get("/as/introspect")]).toEqual([1, 1]);
      expect(hits.has("/private")).toBe(false);
    },
  );

  test("an endless answer is cut off, and the connection with it", async () => {
    answers.set("/as/keys", endless);
    expect(await call(await token())).toBe(503);
    answers.set("/as/introspect", endless);
    expect(await call("opaque-2")).toBe(503);
    await expect.poll(() => [...hungUp].sort()).toEqual(["/as/introspect", "/as/keys"]);
  });

  test("a silent one costs its deadline, and is hung up on", async () => {
    answers.set("/as/introspect", silent);
    expect(await call("opaque-3")).toBe(503);
    await expect.poll(() => hungUp).toEqual(["/as/introspect"]);
  });

  test("an opaque token opens the route by its issuer's word; 20 calls at once are one question", async () => {
    const word = {
      active: true,
      sub: "u1",
      client_id: "web",
      aud: `${gate}/`,
      scope: "orders:read",
      exp: 9_999_999_999,
    };
    answers.set("/as/introspect", (response, request) => {
      const isGate = request.headers.authorization === `Basic ${btoa("gate:s3cret")}`;
      json(isGate ? word : { error: "invalid_client" }, isGate ? 200 : 401)(response, request);
    });
    expect(await Promise.all(Array.from({ length: 20 }, () => call("opaque-4")))).toEqual(Array(20).fill(200));
    expect(hits.get("/as/introspect")).toBe(1);
  });

  test("100 made-up key ids at once are one more fetch", async () => {
    expect(await call(await token())).toBe(200);
    const made = await Promise.all(Array.from({ length: 100 }, (_, index) => token(`made-up-${index}`)));
    expect(await Promise.all(made.map(call))).toEqual(Array(100).fill(401));
    expect(hits.get("/as/keys")).toBeLessThanOrEqual(3);
  });
});
