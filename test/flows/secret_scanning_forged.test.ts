import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { adminApp } from "../../src/admin/app.ts";
import { composeHosts } from "../../src/compose/config.ts";
import { installedConfig } from "../../src/compose/stores.ts";
import { dispatch } from "../../src/dispatch.ts";
import type { ScopedEnv } from "../../src/http/request_scope.ts";
import { Outage } from "../../src/kernel/outage.ts";
import { adminParts } from "../support/admin_world.ts";
import { watchDeadlines } from "../support/faults/deadlines.ts";
import { copyOf, KEYS_URL, leakWorld, type MessageWishes, report } from "../support/leak_world.ts";
import { captureLogs } from "../support/logs.ts";

const logs = captureLogs();
const world = leakWorld();
const deadlines = watchDeadlines();
const { network, send, newKey, read } = world;

describe("POST /secret-scanning: what is not genuine ends nothing", () => {
  it.each<[string, (body: string) => MessageWishes, number, string]>([
    [
      "another's signature under GitHub's name",
      () => ({ signer: { ...world.stranger, id: world.github.id } }),
      401,
      "report_not_genuine",
    ],
    ["a key that GitHub does not publish", () => ({ signer: world.stranger }), 401, "report_not_genuine"],
    [
      "a signature over another body",
      (body) => ({ signed: body.replace("content", "commit") }),
      401,
      "report_not_genuine",
    ],
    [
      "a signature over the same JSON in other words",
      (body) => ({ signed: body.replace("{", "{ ") }),
      401,
      "report_not_genuine",
    ],
    ["no key's name", () => ({ headers: { "github-public-key-identifier": "" } }), 401, "report_unsigned"],
    ["no signature", () => ({ headers: { "github-public-key-signature": "" } }), 401, "report_unsigned"],
    [
      "a signature that is no DER",
      () => ({ headers: { "github-public-key-signature": "AAAA" } }),
      401,
      "report_not_genuine",
    ],
    [
      "a signature that is no base64",
      () => ({ headers: { "github-public-key-signature": "%%%%" } }),
      401,
      "report_not_genuine",
    ],
    [
      "a signature of zeros",
      () => ({ headers: { "github-public-key-signature": btoa("\x30\x06\x02\x01\x00\x02\x01\x00") } }),
      401,
      "report_not_genuine",
    ],
    [
      "a key's name without end",
      () => ({ headers: { "github-public-key-identifier": "a".repeat(200) } }),
      401,
      "report_unsigned",
    ],
    [
      "a form",
      () => ({ headers: { "content-type": "application/x-www-form-urlencoded" } }),
      415,
      "unsupported_media_type",
    ],
    ["another encoding", () => ({ headers: { "content-encoding": "gzip" } }), 415, "unsupported_media_type"],
    ["GET", () => ({ method: "GET" }), 405, "method_not_allowed"],
  ])("%s", async (_name, wishes, status, reason) => {
    const { id, text } = await newKey();
    const before = await read(id);
    const body = report(text);
    const told = await send(body, wishes(body));
    expect(told).toMatchObject({ status, json: { code: reason } });
    expect(logs.events("leak_report_refused")).toMatchObject([{ reason }]);
    expect(await read(id)).toEqual(before);
    expect(await copyOf(text)).not.toBeNull();
  });

  it("an administrator's token does not stand in for a signature", async () => {
    const { text } = await newKey();
    const headers = { authorization: "Bearer x", "github-public-key-signature": "" };
    expect((await send(report(text), { headers })).status).toBe(401);
  });

  it.each<[string, string]>([
    ["no array", "{}"],
    ["no JSON", "["],
    ["an empty array", "[]"],
    ["a member twice", '[{"token":"a","token":"b","type":"t"}]'],
    ["a report without token", '[{"type":"t"}]'],
  ])("a signed body with %s is refused", async (_name, body) => {
    expect(await send(body)).toMatchObject({ status: 400, json: { code: "report_malformed" } });
  });

  it("a body above its bound is refused before it is hashed", async () => {
    const huge = report("x".repeat(4_000), ...Array.from({ length: 300 }, () => "y".repeat(4_000)));
    const verify = vi.spyOn(crypto.subtle, "verify");
    expect(await send(huge)).toMatchObject({ status: 413, json: { code: "body_too_large" } });
    expect(verify).not.toHaveBeenCalled();
  });

  it("a body that is held back is waited for no longer than 10 s, and one that breaks off not at all", async () => {
    let pulls = 0;
    const heldBack = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulls += 1;
        if (pulls === 1) return controller.enqueue(new TextEncoder().encode("["));
        deadlines.ring();
        return new Promise(() => undefined);
      },
    });
    expect(await send(report("x"), { sent: heldBack })).toMatchObject({
      status: 408,
      json: { code: "request_timeout" },
    });
    expect([deadlines.firstMs, deadlines.unbounded]).toEqual([10_000, 0]);
    const brokenOff = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(new Error("the sender hung up"));
      },
    });
    expect(await send(report("x"), { sent: brokenOff })).toMatchObject({ status: 408 });
    expect(logs.events("internal_error")).toEqual([]);
  });

  it("an address has a budget", async () => {
    // It refills by the clock, which stands still here: however long the messages take, nothing comes back.
    vi.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const from = { headers: { "cf-connecting-ip": "2001:db8:9::1", "github-public-key-signature": "" } };
    const statuses: number[] = [];
    for (let count = 0; count < 121; count++) statuses.push((await send("[]", from)).status);
    expect(statuses.slice(0, 120)).toEqual(Array(120).fill(401));
    const last = await send("[]", { headers: { ...from.headers, "cf-connecting-ip": "2001:db8:9::ffff" } });
    expect(last).toMatchObject({ status: 429, json: { code: "too_many_reports" } });
    expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await send("[]", { headers: { ...from.headers, "cf-connecting-ip": "2001:db8:a::1" } })).status).toBe(401);
    vi.setSystemTime(Date.now() + 500);
    expect((await send("[]", from)).status, "one comes back in half a second").toBe(401);
    expect((await send("[]", from)).status).toBe(429);
  });

  it("the Worker leads there by the issuer's host alone", async () => {
    const config = installedConfig(env);
    const apps = {
      ...composeHosts(config),
      issuer: new Hono<ScopedEnv>(),
      admin: adminApp(world.admin.parts),
      authorizer: null,
    };
    const at = async (url: string) => {
      const ctx = createExecutionContext();
      const response = await dispatch(new Request(url, { method: "POST" }), ctx, apps);
      await waitOnExecutionContext(ctx);
      return response.json();
    };
    expect(await at(`${config.issuer.url}/secret-scanning`)).toMatchObject({ code: "report_unsigned" });
    expect(await at("http://elsewhere.test/secret-scanning")).toMatchObject({ code: "unknown_host" });
  });

  it("where it is turned off there is nothing", async () => {
    const told = await send(report("x"), { parts: { ...world.admin.parts, scanning: null } });
    expect(told).toMatchObject({ status: 404, json: { code: "not_found" } });
  });
});

describe("POST /secret-scanning: GitHub's keys", () => {
  it("are asked for once, kept, and asked for again for a name that nobody knows, once in five minutes", async () => {
    for (let count = 0; count < 5; count++) expect((await send(report("x"))).status).toBe(200);
    expect(network.calls.map(({ url }) => url)).toEqual([KEYS_URL]);
    for (let count = 0; count < 5; count++) {
      expect((await send(report("x"), { signer: { ...world.stranger, id: `c${count}` } })).status).toBe(401);
    }
    expect(network.calls.length).toBe(2);
    expect((await send(report("x"))).status).toBe(200);
  });

  it.each<[string, () => Response | Promise<Response>]>([
    [
      "silent",
      () => {
        deadlines.ring();
        return new Promise<Response>(() => undefined);
      },
    ],
    ["down", () => new Response("no", { status: 503 })],
    ["over its quota", () => new Response("{}", { status: 403, headers: { "content-type": "application/json" } })],
    ["not what it was", () => Response.json({ keys: [] })],
    ["a page", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["elsewhere", () => Response.redirect("https://evil.test/keys", 302)],
    ["huge", () => Response.json({ public_keys: [], filler: "x".repeat(300_000) })],
  ])("%s: 503, nothing ends, and it is not asked again at each try, but a minute later", async (_name, answer) => {
    vi.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    world.publish(answer);
    const { text } = await newKey();
    for (let count = 0; count < 4; count++) {
      const told = await send(report(text));
      expect(told).toMatchObject({ status: 503, json: { code: "temporarily_unavailable" } });
      expect(told.headers.has("retry-after")).toBe(true);
    }
    expect(network.calls.map(({ url }) => url)).toEqual([KEYS_URL]);
    expect(await copyOf(text)).not.toBeNull();
    world.publish(null);
    vi.setSystemTime(Date.now() + 60_000);
    expect((await send(report(text))).status, "the same isolate, once they can be had").toBe(200);
  });

  it.each([
    ["no PEM", "nonsense"],
    ["a key of another curve", "P-384"],
  ])("%s among them is passed over", async (_name, which) => {
    const curve = { name: "ECDSA", namedCurve: "P-384" };
    const pair = (await crypto.subtle.generateKey(curve, true, ["sign", "verify"])) as CryptoKeyPair;
    const spki = new Uint8Array((await crypto.subtle.exportKey("spki", pair.publicKey)) as ArrayBuffer);
    const pem = `-----BEGIN PUBLIC KEY-----\n${btoa(String.fromCharCode(...spki))}\n-----END PUBLIC KEY-----`;
    const odd = { key_identifier: world.stranger.id, key: which === "P-384" ? pem : which, is_current: false };
    const good = { key_identifier: world.github.id, key: world.github.pem, is_current: true };
    world.publish(() => Response.json({ public_keys: [odd, good] }));
    expect((await send(report("x"))).status).toBe(200);
    expect((await send(report("x"), { signer: world.stranger })).status).toBe(401);
  });

  it("an outage of the registry is 503, and the next try ends the key", async () => {
    const { text } = await newKey();
    const parts = adminParts();
    if (parts.scanning === null) throw new Error("turned off");
    const leaks = {
      known: () => Promise.reject(new Outage("d1")),
      end: parts.scanning.leaks.end.bind(parts.scanning.leaks),
    };
    const broken = { ...parts, scanning: { ...parts.scanning, leaks } };
    expect((await send(report(text), { parts: broken })).status).toBe(503);
    expect((await send(report(text))).status).toBe(200);
    expect(await copyOf(text)).toBeNull();
  });
});
