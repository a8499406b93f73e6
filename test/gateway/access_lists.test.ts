import { beforeAll, describe, expect, it } from "vitest";
import type { ConfigInput } from "../../src/config/schema.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import { install, type RequestWishes } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

/** The test installation, which bars a network everywhere but on one route. */
function listed(): ConfigInput {
  const config = gatewayConfig();
  return {
    ...config,
    gateway: { ...config.gateway, lists: ["scanners", "partners", "watched"] },
    lists: {
      scanners: {
        action: "deny",
        reason: "ticket 4711",
        expires: "2100-01-01T00:00:00Z",
        ranges: ["203.0.113.0/24", "2001:db8:aa::/48"],
        asns: [64500],
      },
      partners: {
        action: "allow",
        reason: "the partner's office",
        expires: "never",
        ranges: ["203.0.113.7"],
        beats: ["scanners"],
      },
      watched: { action: "log", reason: "new provider", expires: "never", asns: [64501] },
    },
    routes: [...config.routes, { path: "/open", methods: ["GET"], origin: "main", public: true, lists: [] }],
  };
}

const from = (address: string, asn?: number): RequestWishes => ({
  headers: { "cf-connecting-ip": address },
  ...(asn === undefined ? {} : { cf: { asn } }),
});

describe("lists of networks at the gate", () => {
  it("a listed address gets a plain 403 before anything is proven; list and reason are in the log alone", async () => {
    const gate = install({ config: listed() });
    const answers = [
      await gate.fetch("/public/health", from("203.0.113.9")),
      await gate.fetch("/public/health", from("192.0.2.1", 64500)),
      await gate.fetch("/orders", { headers: { "cf-connecting-ip": "203.0.113.9", authorization: "Bearer what" } }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(403);
      expect(await problemOf(answer)).toEqual({
        type: "urn:sallyport:problem:not_allowed",
        title: "Forbidden",
        status: 403,
        code: "not_allowed",
      });
    }
    expect(network.calls).toEqual([]);
    expect(logs.events("decision")).toMatchObject([
      { outcome: "denied", reason: "listed", lists: ["scanners deny 203.0.113.0/24: ticket 4711"] },
      { outcome: "denied", reason: "listed", lists: ["scanners deny AS64500: ticket 4711"] },
      { outcome: "denied", reason: "listed", principal: null },
    ]);
  });

  it("a good token does not open the gate from there; an allow that names the list does", async () => {
    const gate = install({ config: listed() });
    const caller = bearer(await token(ring));
    const sent = (address: string) => gate.fetch("/whoami", { headers: { ...caller, "cf-connecting-ip": address } });
    expect((await sent("203.0.113.9")).status).toBe(403);
    expect((await sent("203.0.113.7")).status).toBe(200);
    expect(logs.lastDecision).toMatchObject({
      outcome: "allowed",
      lists: ["scanners deny (beaten) 203.0.113.0/24: ticket 4711", "partners allow 203.0.113.7: the partner's office"],
    });
    expect((await sent("192.0.2.1")).status).toBe(200);
    expect(logs.lastDecision).not.toHaveProperty("lists");
  });

  it("a log list is seen in the decision and stops nobody", async () => {
    const gate = install({ config: listed() });
    expect((await gate.fetch("/public/health", from("192.0.2.1", 64501))).status).toBe(200);
    expect(logs.lastDecision).toMatchObject({ lists: ["watched log AS64501: new provider"] });
  });

  it("a route's own lists stand in the place of the gateway's", async () => {
    const gate = install({ config: listed() });
    expect((await gate.fetch("/open", from("203.0.113.9"))).status).toBe(200);
    expect(logs.lastDecision).not.toHaveProperty("lists");
    const open = gate.authorizer.gateway.gate.routes.match("GET", ["open"]);
    expect(open).toMatchObject({ kind: "matched", route: { lists: null } });
  });

  it("attack: another address of the barred /48, or one written as mapped IPv6, gets no further", async () => {
    const gate = install({ config: listed() });
    for (const address of ["2001:db8:aa::1", "2001:db8:aa:ffff:1:2:3:4", "::ffff:203.0.113.9", "::FFFF:cb00:7109"]) {
      expect((await gate.fetch("/public/health", from(address))).status, address).toBe(403);
    }
  });

  it("attack: a caller's own word on where it comes from changes nothing", async () => {
    const gate = install({ config: listed() });
    const claims = {
      "x-forwarded-for": "203.0.113.7",
      "x-real-ip": "203.0.113.7",
      "true-client-ip": "203.0.113.7",
      forwarded: "for=203.0.113.7",
      "cf-asn": "64501",
      "cf-ipcountry": "AT",
    };
    const barred = await gate.fetch("/public/health", { headers: { ...claims, "cf-connecting-ip": "203.0.113.9" } });
    expect(barred.status).toBe(403);
    const asn = { headers: { ...claims, "cf-connecting-ip": "192.0.2.1" }, cf: { asn: 64500 } };
    expect((await gate.fetch("/public/health", asn)).status).toBe(403);
  });
});
