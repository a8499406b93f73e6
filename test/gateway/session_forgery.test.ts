import { beforeAll, describe, expect, it } from "vitest";
import { GATEWAY_URL } from "../support/gateway_config.ts";
import { migrate } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { openPeople } from "../support/people_world.ts";
import { problemOf } from "../support/refused.ts";
import { ACTING, EVIL, NEIGHBOUR, SessionBrowser, sessionGate } from "../support/session_gate.ts";

const logs = captureLogs();
const network = stubNetwork();

beforeAll(migrate);

async function signedIn() {
  const people = openPeople();
  const [gate, browser, user] = [sessionGate(), new SessionBrowser(), await people.someone()];
  await browser.signIn(gate, user.email, people.password);
  return { gate, browser };
}

const FORM = { "content-type": "application/x-www-form-urlencoded" };

describe("a call by session that changes something", () => {
  it("passes from a page of the gate's own host, with the header that no form can send", async () => {
    const { gate, browser } = await signedIn();
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      const response = await browser.go(gate, "/basket", { method, headers: ACTING });
      expect.soft(response.status, method).toBe(200);
    }
    expect(network.originCalls.map(({ headers }) => headers.get("sallyport-csrf"))).toEqual([null, null, null, null]);
  });

  it.each<[string, Record<string, string>, string]>([
    ["a form of another site", { origin: EVIL, "sec-fetch-site": "cross-site", ...FORM }, "csrf_origin_foreign"],
    ["a form of our own, without the header", { origin: GATEWAY_URL, ...FORM }, "csrf_header_missing"],
    ["a tool that says nothing of itself", {}, "csrf_origin_missing"],
    ["the header, from a neighbour", { ...ACTING, origin: NEIGHBOUR }, "csrf_origin_foreign"],
  ])("V3.5.1: is refused from %s, and nothing is told of the session", async (_, headers, reason) => {
    const { gate, browser } = await signedIn();
    const answers = [];
    for (const path of ["/basket", "/basket"]) {
      const response = await browser.go(gate, path, { method: "POST", headers });
      expect(response.status).toBe(403);
      answers.push(await problemOf(response));
      expect(logs.lastDecision).toMatchObject({ reason, principal: null });
      browser.jar.set("__Host-sallyport_session", `sps_${"A".repeat(60)}.${"A".repeat(43)}`);
    }
    expect(answers[0]).toMatchObject({ code: "cross_site_call" });
    expect(answers[0]).not.toHaveProperty("login");
    expect(answers[1], "a dead session is told the same").toEqual(answers[0]);
    expect(network.originCalls).toEqual([]);
  });

  it("a page that the route lists for cookies may, and its preflight grants the header", async () => {
    const { gate, browser } = await signedIn();
    const preflight = await gate.fetch("/shared", {
      method: "OPTIONS",
      headers: { origin: NEIGHBOUR, "access-control-request-method": "POST" },
    });
    expect(preflight.headers.get("access-control-allow-headers")).toContain("Sallyport-CSRF");
    expect(preflight.headers.get("access-control-allow-credentials")).toBe("true");
    const headers = { ...ACTING, origin: NEIGHBOUR, "sec-fetch-site": "same-site" };
    const response = await browser.go(gate, "/shared", { method: "POST", headers });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([200, NEIGHBOUR]);
    expect((await browser.go(gate, "/shared", { method: "POST", headers: { ...headers, origin: EVIL } })).status).toBe(
      403,
    );
  });

  it("a call without the cookie is asked for a credential, not for the header", async () => {
    const { gate } = await signedIn();
    expect((await gate.fetch("/basket", { method: "POST" })).status).toBe(401);
  });
});

describe("a call by session that reads", () => {
  it("passes as a visit, and is refused where another site embeds it", async () => {
    const { gate, browser } = await signedIn();
    const cross = { "sec-fetch-site": "cross-site" };
    const link = { ...cross, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
    expect((await browser.go(gate, "/basket", { headers: link })).status).toBe(200);
    for (const dest of ["image", "script", "iframe", "empty"]) {
      const headers = { ...cross, "sec-fetch-mode": "no-cors", "sec-fetch-dest": dest };
      expect.soft((await browser.go(gate, "/basket", { headers })).status, dest).toBe(403);
    }
    expect(network.originCalls).toHaveLength(1);
  });
});

describe("RFC 6455 10.2: a WebSocket by session", () => {
  it.each<[string, Record<string, string>, string]>([
    ["without an origin", {}, "csrf_origin_missing"],
    ["of a page that may open sockets, but not by session", { origin: NEIGHBOUR }, "csrf_origin_foreign"],
    ["of another site", { origin: EVIL }, "web_origin_not_listed"],
  ])("is not opened %s", async (_, headers, reason) => {
    const { gate, browser } = await signedIn();
    const response = await browser.go(gate, "/session/socket", { headers: { upgrade: "websocket", ...headers } });
    expect([response.status, logs.lastDecision.reason]).toEqual([403, reason]);
    expect(network.originCalls).toEqual([]);
  });

  it("is asked for at the origin for a page of the gate's own host, without the cookie", async () => {
    const { gate, browser } = await signedIn();
    await browser.go(gate, "/session/socket", { headers: { upgrade: "websocket", origin: GATEWAY_URL } });
    expect(logs.lastDecision).toMatchObject({ credential: "session" });
    expect(network.originCalls.map(({ headers }) => headers.get("cookie"))).toEqual([null]);
  });
});
