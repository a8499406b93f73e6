import { beforeAll, describe, expect, it } from "vitest";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

const logs = captureLogs();
const network = stubNetwork();
const KIB = 1024;
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

/** A megabyte without a stated length, made as it is read; `made` counts its bytes. */
function endless(chunkBytes = 16 * KIB) {
  const source = { made: 0, cancelled: false };
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (source.made >= KIB * KIB) return controller.close();
      source.made += chunkBytes;
      controller.enqueue(new Uint8Array(chunkBytes));
    },
    cancel() {
      source.cancelled = true;
    },
  });
  return { source, stream };
}

describe("bodies", () => {
  it("8 MB that state their length are 413 unread, with and without a credential", async () => {
    const gate = install();
    const { source, stream } = endless();
    const length = { "content-length": String(8 * KIB * KIB) };
    const anonymous = await gate.fetch("/upload", { method: "POST", body: stream, headers: length });
    expect(anonymous.status).toBe(413);
    expect(await problemOf(anonymous)).toMatchObject({ code: "body_too_large" });
    expect(source.made).toBeLessThanOrEqual(16 * KIB);
    const headers = { ...bearer(await token(ring)), ...length };
    expect((await gate.fetch("/upload", { method: "POST", body: "x", headers })).status).toBe(413);
    expect((await gate.fetch("/public/upload", { method: "POST", body: "x", headers: length })).status).toBe(413);
    expect(network.calls).toEqual([]);
    expect(logs.lastDecision).toMatchObject({ reason: "body_too_large" });
  });

  it("a body without a length is cut off where it passes the bound, and the origin's call with it", async () => {
    const gate = install();
    let received = 0;
    network.origin(async (request) => {
      for await (const chunk of request.body ?? []) received += chunk.byteLength;
      return new Response("whole");
    });
    const { source, stream } = endless();
    const response = await gate.fetch("/upload", { method: "POST", body: stream, headers: bearer(await token(ring)) });
    expect(response.status).toBe(413);
    expect(await problemOf(response)).toMatchObject({ code: "body_too_large" });
    expect(received).toBeLessThanOrEqual(64 * KIB);
    expect(source.made).toBeLessThan(256 * KIB);
    expect(logs.lastDecision).toMatchObject({ status: 413, reason: "request_body_too_large" });
  });

  it.each([64 * KIB, 64 * KIB - 1, 1, 0])("%d bytes pass whole, stated and not", async (bytes) => {
    const gate = install();
    const received: number[] = [];
    network.origin(async (request) => {
      received.push((await request.arrayBuffer()).byteLength);
      return new Response("whole");
    });
    const headers = bearer(await token(ring));
    const stated = { ...headers, "content-length": String(bytes) };
    const body = new Uint8Array(bytes);
    expect((await gate.fetch("/upload", { method: "POST", body, headers })).status).toBe(200);
    expect((await gate.fetch("/upload", { method: "POST", body, headers: stated })).status).toBe(200);
    expect(received).toEqual([bytes, bytes]);
  });

  it("one byte over the bound is 413", async () => {
    const gate = install();
    network.origin(async (request) => new Response(String((await request.arrayBuffer()).byteLength)));
    const headers = bearer(await token(ring));
    const body = new Uint8Array(64 * KIB + 1);
    expect((await gate.fetch("/upload", { method: "POST", body, headers })).status).toBe(413);
    expect((await gate.fetch("/upload", { method: "POST", body: body.slice(1), headers })).status).toBe(200);
  });

  it.each(["-1", "abc", "1e9", "0x10", "5, 9", "99999999999999999999", " "])(
    "a stated length of %j does not lift the bound",
    async (length) => {
      const gate = install();
      let received = 0;
      network.origin(async (request) => {
        for await (const chunk of request.body ?? []) received += chunk.byteLength;
        return new Response("whole");
      });
      const { stream } = endless();
      const headers = { ...bearer(await token(ring)), "content-length": length };
      const response = await gate.fetch("/upload", { method: "POST", body: stream, headers });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
      expect(received).toBeLessThanOrEqual(64 * KIB);
    },
  );
});

describe("headers", () => {
  it.each([1, 64])("64 KiB in %d fields are 431, whoever asks; 16 KiB pass", async (count) => {
    const gate = install();
    const fields = (kib: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`x-filler-${index}`, "x".repeat((kib * KIB) / count)]),
      );
    const credential = bearer(await token(ring));
    const response = await gate.fetch("/whoami", { headers: { ...credential, ...fields(64) } });
    expect(response.status).toBe(431);
    expect(await problemOf(response)).toMatchObject({ code: "headers_too_large" });
    expect((await gate.fetch("/whoami", { headers: fields(64) })).status).toBe(431);
    expect((await gate.fetch("/public/health", { headers: fields(64) })).status).toBe(431);
    expect(network.calls).toEqual([]);
    expect((await gate.fetch("/whoami", { headers: { ...credential, ...fields(16) } })).status).toBe(200);
  });

  it("1,000 cookies of 60 bytes, and a megabyte of API key, are refused before anything is parsed", async () => {
    const gate = install();
    const cookie = Array.from({ length: 1_000 }, (_, index) => `c${index}=${"v".repeat(50)}`).join("; ");
    expect((await gate.fetch("/public/health", { headers: { cookie } })).status).toBe(431);
    expect((await gate.fetch("/orders", { headers: { "x-api-key": "k".repeat(KIB * KIB) } })).status).toBe(431);
    expect((await gate.fetch("/orders", { headers: bearer("t".repeat(KIB * KIB)) })).status).toBe(431);
    expect(network.calls).toEqual([]);
  });
});
