import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { ConfigInput } from "../../src/config/schema.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { newClientId } from "../../src/protocol/ids.ts";
import { CERTIFICATE, OTHER_CERTIFICATE, PLAIN_TLS, withCertificate } from "../support/connections.ts";
import { bearer, claims, type ForgeKey, newKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig, PARTNER_JWKS_URL, PARTNER_URL } from "../support/gateway_config.ts";
import { type Installation, install, type RequestWishes } from "../support/install.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { INVALID_TOKEN, problemOf } from "../support/refused.ts";

type PinSet = NonNullable<ConfigInput["gateway"]["pins"]>[string];

const START = Date.parse("2026-11-22T00:00:00Z");
const DAY_MS = 86_400_000;
const BACKUP = "1c".repeat(32);
const NEXT = "2d".repeat(32);
const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

beforeEach(() => {
  vi.setSystemTime(START);
});

afterEach(() => {
  vi.useRealTimers();
});

const at = (days: number) => new Date(START + days * DAY_MS).toISOString();

/** A certificate in use, the next one from day 80, and a backup. */
const PINS: PinSet["pins"] = [
  { sha256: CERTIFICATE, from: at(-10), until: at(100) },
  { sha256: NEXT, from: at(80), until: at(400) },
  { sha256: BACKUP, from: at(-10), until: at(500), backup: true },
];

function gateWith(holds: Omit<PinSet, "pins">, routes: ConfigInput["routes"] = []): Installation {
  const config = gatewayConfig();
  const pins = { partner: { ...holds, pins: PINS } };
  return install({
    config: { ...config, gateway: { ...config.gateway, pins }, routes: [...config.routes, ...routes] },
  });
}

async function told(gate: Installation, headers: Record<string, string>, cf: RequestWishes["cf"], path = "/orders") {
  const response = await gate.fetch(path, { headers, ...(cf !== undefined && { cf }) });
  if (response.status === 401) expect(await problemOf(response)).toEqual(INVALID_TOKEN);
  return { status: response.status, reason: logs.lastDecision.reason };
}

const PASSED = { status: 200, reason: null };
const refused = (reason: string) => ({ status: 401, reason });

describe("M25: a client whose certificates are pinned", () => {
  const CLIENT = String(claims().client_id);
  const pinned = () => gateWith({ clients: [CLIENT] });
  const itsToken = () => token(ring, { client_id: CLIENT, sub: CLIENT });

  it("passes with one of them, and a stolen token of its does not without", async () => {
    const gate = pinned();
    const headers = bearer(await itsToken());
    expect(await told(gate, headers, withCertificate())).toEqual(PASSED);
    expect(await told(gate, headers, PLAIN_TLS)).toEqual(refused("client_certificate_absent"));
    expect(await told(gate, headers, null)).toMatchObject({ status: 403 });
    expect(await told(gate, headers, withCertificate(OTHER_CERTIFICATE))).toEqual(
      refused("client_certificate_not_pinned"),
    );
    const selfMade = withCertificate(CERTIFICATE, { certVerified: "FAILED:self signed certificate" });
    expect(await told(gate, headers, selfMade)).toEqual(refused("client_certificate_unverified"));
    const revoked = withCertificate(CERTIFICATE, { certRevoked: "1" });
    expect(await told(gate, headers, revoked)).toEqual(refused("client_certificate_revoked"));
    expect(network.originCalls).toHaveLength(1);
  });

  it("is so for people who call through it too", async () => {
    const gate = pinned();
    const headers = bearer(await token(ring, { client_id: CLIENT, sub: "usr_somebody" }));
    expect(await told(gate, headers, PLAIN_TLS)).toEqual(refused("client_certificate_absent"));
    expect(await told(gate, headers, withCertificate())).toEqual(PASSED);
  });

  it("a client of that id at another issuer is another client, and everybody else is free", async () => {
    const key = await newKey();
    network.serve(PARTNER_JWKS_URL, () => Response.json({ keys: [key.jwk] }));
    const its = bearer(await token(key, { iss: PARTNER_URL, client_id: CLIENT, sub: CLIENT }));
    expect(await told(pinned(), its, PLAIN_TLS)).toEqual(PASSED);
    expect(await told(pinned(), bearer(await token(ring)), PLAIN_TLS)).toEqual(PASSED);
    const gate = gateWith({ clients: [{ issuer: PARTNER_URL, id: CLIENT }] });
    expect(await told(gate, its, PLAIN_TLS)).toEqual(refused("client_certificate_absent"));
    expect(await told(gate, its, withCertificate())).toEqual(PASSED);
    expect(await told(gate, bearer(await itsToken()), PLAIN_TLS)).toEqual(PASSED);
  });

  it("rotates: the next one is taken from its day on, the old one to its end, both for a while", async () => {
    const gate = pinned();
    const today = async (days: number, sha256: string) => {
      vi.setSystemTime(START + days * DAY_MS);
      return (await told(gate, bearer(await itsToken()), withCertificate(sha256))).reason;
    };
    const plan: [number, unknown, unknown, unknown][] = [
      [0, null, "pin_not_yet_valid", null],
      [80, null, null, null],
      [99.9, null, null, null],
      [100, "pin_expired", null, null],
      [400, "pin_expired", "pin_expired", null],
      [500, "pin_expired", "pin_expired", "pin_expired"],
    ];
    for (const [days, old, next, backup] of plan) {
      expect(
        [await today(days, CERTIFICATE), await today(days, NEXT), await today(days, BACKUP)],
        `day ${days}`,
      ).toEqual([old, next, backup]);
    }
  });

  it("a token in memory ends with its pin", async () => {
    const gate = pinned();
    vi.setSystemTime(START + 100 * DAY_MS - 1_000);
    const headers = bearer(await itsToken());
    expect(await told(gate, headers, withCertificate())).toEqual(PASSED);
    vi.setSystemTime(START + 100 * DAY_MS);
    expect(await told(gate, headers, withCertificate())).toEqual(refused("pin_expired"));
  });
});

describe("what operators hear of pins", () => {
  const CLIENT = String(claims().client_id);
  const call = async (gate: Installation, sha256: string) => {
    const headers = bearer(await token(ring, { client_id: CLIENT, sub: CLIENT }));
    return told(gate, headers, withCertificate(sha256));
  };

  it("nothing while the end is far", async () => {
    const gate = gateWith({ clients: [CLIENT] });
    await call(gate, CERTIFICATE);
    expect(logs.events("pin_ends_soon")).toEqual([]);
    expect(logs.events("pin_backup_used")).toEqual([]);
  });

  it("that one which is used ends soon: once an hour for each, and the call passes", async () => {
    const gate = gateWith({ clients: [CLIENT], warnDays: 7 });
    vi.setSystemTime(START + 92 * DAY_MS);
    expect(await call(gate, CERTIFICATE)).toEqual(PASSED);
    expect(logs.events("pin_ends_soon")).toEqual([]);
    vi.setSystemTime(START + 95 * DAY_MS);
    for (let count = 0; count < 3; count++) expect(await call(gate, CERTIFICATE)).toEqual(PASSED);
    const line = { level: "warn", pins: "partner", sha256: CERTIFICATE, backup: false, until: at(100), days_left: 5 };
    expect(logs.events("pin_ends_soon")).toEqual([expect.objectContaining(line)]);
    vi.setSystemTime(START + 95 * DAY_MS + 3_600_000);
    await call(gate, CERTIFICATE);
    expect(logs.events("pin_ends_soon")).toHaveLength(2);
  });

  it("that the backup is in use", async () => {
    const gate = gateWith({ clients: [CLIENT] });
    await call(gate, BACKUP);
    await call(gate, BACKUP);
    expect(logs.events("pin_backup_used")).toEqual([expect.objectContaining({ pins: "partner", sha256: BACKUP })]);
  });

  it("nothing by who does not pass", async () => {
    const gate = gateWith({ clients: [CLIENT] });
    await call(gate, OTHER_CERTIFICATE);
    expect(logs.events("pin_backup_used")).toEqual([]);
  });
});

const [OWNER, OTHER_OWNER] = [newClientId(platformRandom), newClientId(platformRandom)];

describe("M25: keys of an owner whose certificates are pinned", () => {
  it("open with one of them alone; a stolen key is a string and no more", async () => {
    const gate = gateWith({ keyOwners: [OWNER] });
    const its = { "x-api-key": (await storedKey({ owner: OWNER })).key };
    expect(await told(gate, its, withCertificate())).toEqual(PASSED);
    expect(await told(gate, its, PLAIN_TLS)).toEqual(refused("client_certificate_absent"));
    expect(await told(gate, its, withCertificate(OTHER_CERTIFICATE))).toEqual(refused("client_certificate_not_pinned"));
    for (const owner of [null, OTHER_OWNER]) {
      const free = { "x-api-key": (await storedKey({ owner })).key };
      expect(await told(gate, free, PLAIN_TLS)).toEqual(PASSED);
    }
  });

  it("a copy that does not say whose the key is opens nothing where somebody's are pinned", async () => {
    const old = { "x-api-key": (await storedKey()).key };
    const gate = gateWith({ keyOwners: [OWNER] });
    expect(await told(gate, old, withCertificate())).toEqual(refused("api_key_owner_unknown"));
    expect(await told(install(), old, PLAIN_TLS)).toEqual(PASSED);
    expect(await told(gateWith({ clients: ["cli_partner"] }), old, PLAIN_TLS)).toEqual(PASSED);
  });
});

describe("M25: a route whose certificates are pinned", () => {
  const gate = () => {
    const route = { methods: ["GET" as const], origin: "main", transport: { pins: "partner" } };
    return gateWith({}, [
      { ...route, path: "/partners", public: true },
      { ...route, path: "/partners/orders" },
    ]);
  };

  it.each<[string, RequestWishes["cf"], string | null]>([
    ["one of them", withCertificate(), null],
    ["none", PLAIN_TLS, "client_certificate_absent"],
    ["another that the edge verified", withCertificate(OTHER_CERTIFICATE), "client_certificate_not_pinned"],
    ["one whose day has not come", withCertificate(NEXT), "pin_not_yet_valid"],
    [
      "one that does not verify",
      withCertificate(CERTIFICATE, { certVerified: "FAILED" }),
      "client_certificate_unverified",
    ],
  ])("by %s: %s", async (_, cf, reason) => {
    const response = await gate().fetch("/partners", { ...(cf !== undefined && { cf }) });
    expect(logs.lastDecision.reason).toBe(reason);
    if (reason === null) expect(response.status).toBe(200);
    else expect(await problemOf(response)).toMatchObject({ status: 403, code: "client_certificate_required" });
  });

  it("the certificate stands for no credential", async () => {
    const response = await gate().fetch("/partners/orders", { cf: withCertificate() });
    expect(await problemOf(response)).toMatchObject({ status: 401, code: "unauthenticated" });
  });
});
