import { describe, expect, it } from "vitest";
import { judgeConfig } from "../../../src/config/judge.ts";
import { ADDED, add, changed, faultsOf, type MutableConfig } from "../../support/changed_config.ts";
import { ISSUER_URL, PARTNER_URL } from "../../support/gateway_config.ts";

const [A, B, C] = ["aa".repeat(32), "bb".repeat(32), "cc".repeat(32)];
const day = (number: number) => new Date(Date.parse("2026-01-01T00:00:00Z") + number * 86_400_000).toISOString();
const pin = (sha256: string | undefined, from: number, until: number, backup = false) => ({
  sha256,
  from: day(from),
  until: day(until),
  backup,
});
const OWNER = `usr_${"0".repeat(22)}`;
const GOOD = [pin(A, 0, 100), pin(B, 0, 200, true)];

function withPins(pins: unknown, more: object = { clients: ["cli_x"] }): unknown {
  return changed(({ gateway }) => {
    gateway.pins = { partner: { pins, ...more } };
  });
}

describe("how calls have to come", () => {
  const public_ = { public: true };
  it.each<[string, Record<string, unknown>]>([
    ["TLS 1.3", { transport: { minTlsVersion: "1.3" } }],
    ["what the platform lets in", { transport: { minTlsVersion: "platform" } }],
    ["in the clear, where it is public", { ...public_, transport: { inTheClear: "without_credential" } }],
    ["by certificate, where it is public", { ...public_, transport: { clientCertificate: "required" } }],
    ["by certificate, with keys", { transport: { clientCertificate: "required" } }],
    ["by token that is bound", { credentials: ["bearer"], transport: { clientCertificate: "bound" } }],
  ])("right: %s", (_, route) => {
    expect(faultsOf(changed(add(route)))).toEqual([]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["TLS 1.1", { transport: { minTlsVersion: "1.1" } }, "minTlsVersion: "],
    ["an unknown member", { transport: { tls: "1.3" } }, ": Unrecognized key"],
    ["a closed route in the clear", { transport: { inTheClear: "without_credential" } }, "inTheClear: is for public"],
    ["a key that is bound", { transport: { clientCertificate: "bound" } }, "clientCertificate: tokens alone can"],
    [
      "a public route with tokens that are bound",
      { ...public_, credentials: ["bearer"], transport: { clientCertificate: "bound" } },
      "clientCertificate: a public route takes no token",
    ],
    [
      "a certificate in the clear",
      { ...public_, transport: { clientCertificate: "required", inTheClear: "without_credential" } },
      "inTheClear: a certificate is shown by TLS alone",
    ],
    [
      "cookies in the clear",
      { ...public_, cookies: ["basket"], transport: { inTheClear: "without_credential" } },
      "inTheClear: the cookies that it passes are sessions of its origin",
    ],
    ["pins that are not there", { transport: { pins: "nobody" } }, "pins: `nobody` is not among"],
    ["pins called like an object's member", { transport: { pins: "constructor" } }, "pins: `constructor` is not among"],
  ])("wrong: %s", (_, route, fault) => {
    expect(faultsOf(changed(add(route)))).toEqual([expect.stringContaining(`${ADDED}.transport`)]);
    expect(faultsOf(changed(add(route)))[0]).toContain(fault);
  });

  it("pins of a route and no certificate contradict each other", () => {
    const input = withPins(GOOD) as MutableConfig;
    add({ transport: { pins: "partner", clientCertificate: "none" } })(input);
    expect(faultsOf(input)).toEqual([expect.stringContaining(`${ADDED}.transport.clientCertificate: \`none\` leaves`)]);
  });

  it("what the gateway demands has to fit every route, or the route says otherwise", () => {
    const faults = faultsOf(changed(({ gateway }) => (gateway.transport = { clientCertificate: "bound" })));
    expect(faults.length).toBeGreaterThan(10);
    for (const fault of faults) expect(fault).toMatch(/^routes\[\d+\]\.transport\.clientCertificate: /);
    expect(faultsOf(changed(({ gateway }) => (gateway.transport = { clientCertificate: "required" })))).toEqual([]);
  });

  it.each([
    "http://api.test",
    "http://api.test:8080",
    "http://10.0.0.1",
    "http://localhost.evil.test",
    "http://128.0.0.1",
  ])("nobody is served in the clear by accident: a gateway at %s is a fault", (url) => {
    const faults = faultsOf(changed(({ gateway }) => (gateway.url = url)));
    expect(faults).toContainEqual(expect.stringContaining("gateway.url: must be https"));
  });

  it.each(["http://localhost:8787", "http://127.0.0.1", "http://[::1]:8787", "https://api.test"])(
    "%s is none",
    (url) => {
      expect(faultsOf(changed(({ gateway }) => (gateway.url = url)))).toEqual([]);
    },
  );
});

describe("sets of pins", () => {
  it.each<[string, unknown[]]>([
    ["one and a backup", GOOD],
    ["as openssl prints it", [pin((A?.toUpperCase().match(/../g) ?? []).join(":"), 0, 100), pin(B, 0, 200, true)]],
    ["in turn", [pin(A, 0, 100), pin(C, 90, 200), pin(B, 50, 300, true)]],
    ["in turn, in any order", [pin(B, 50, 300, true), pin(C, 90, 200), pin(A, 0, 100)]],
  ])("right: %s", (_, pins) => {
    expect(faultsOf(withPins(pins))).toEqual([]);
  });

  it.each<[string, unknown[], string]>([
    ["none", [], "pins: Too small"],
    [
      "a pin that ends before it begins",
      [pin(A, 100, 100), pin(B, 0, 200, true)],
      "pins[0].until: must lie after `from`",
    ],
    ["one twice", [pin(A, 0, 100), pin(A?.toUpperCase(), 0, 200, true)], "pins[1].sha256: is pinned twice"],
    ["without a backup", [pin(A, 0, 100)], "pins: lack a backup, for when"],
    ["two for use and no backup", [pin(A, 0, 100), pin(C, 50, 200)], "pins: lack a backup, for when"],
    ["backups alone", [pin(A, 0, 100, true), pin(B, 0, 200, true)], "pins: are backups alone"],
    ["a backup that ends with it", [pin(A, 0, 100), pin(B, 0, 100, true)], "pins: lack a backup that is good when"],
    [
      "a backup that begins too late",
      [pin(A, 0, 100), pin(B, 100, 200, true)],
      "pins: lack a backup that is good when",
    ],
    ["a gap", [pin(A, 0, 100), pin(C, 101, 200), pin(B, 0, 300, true)], "pins[1].from: must lie before the end"],
    [
      "no time for both",
      [pin(A, 0, 100), pin(C, 100, 200), pin(B, 0, 300, true)],
      "pins[1].from: must lie before the end",
    ],
    [
      "one within the other",
      [pin(A, 0, 100), pin(C, 10, 90), pin(B, 0, 300, true)],
      "pins[1].until: must lie after the end",
    ],
    ["SHA-1", [pin("aa".repeat(20), 0, 100), pin(B, 0, 200, true)], "pins[0].sha256: is no SHA-256"],
    ["base64url", [pin("A".repeat(43), 0, 100), pin(B, 0, 200, true)], "pins[0].sha256: is no SHA-256"],
    ["half with colons", [pin(`aa:${"aa".repeat(31)}`, 0, 100), pin(B, 0, 200, true)], "pins[0].sha256: is no SHA-256"],
    ["a date of no time", [{ ...pin(A, 0, 100), from: "2026" }, pin(B, 0, 200, true)], "pins[0].from: "],
  ])("wrong: %s", (_, pins, fault) => {
    expect(faultsOf(withPins(pins))).toEqual([expect.stringContaining(`gateway.pins.partner.${fault}`)]);
  });

  it.each<[string, object, string]>([
    ["nobody", {}, "gateway.pins.partner: holds no client"],
    [
      "one client twice",
      { clients: ["x", { issuer: ISSUER_URL, id: "x" }] },
      "clients[1]: is held to `partner` already",
    ],
    ["one owner twice", { keyOwners: [OWNER, OWNER] }, "keyOwners[1]: is held to `partner` already"],
    ["an owner that gates know nothing of", { keyOwners: ["Team Blue"] }, "keyOwners[0]: is no id"],
    [
      "a client of nobody",
      { clients: [{ issuer: "https://x.test", id: "x" }] },
      "clients[0]: https://x.test is not trusted",
    ],
  ])("held to it is %s", (_, more, fault) => {
    expect(faultsOf(withPins(GOOD, more))).toEqual([expect.stringContaining(fault)]);
  });

  it("a client is held to one set; its name at another issuer is another client's", () => {
    const pins = {
      one: { clients: ["x"], pins: GOOD },
      two: { clients: [{ issuer: PARTNER_URL, id: "x" }], pins: GOOD },
    };
    const both = (sets: object) => faultsOf(changed(({ gateway }) => (gateway.pins = sets)));
    expect(both(pins)).toEqual([]);
    expect(both({ ...pins, two: { clients: ["x"], pins: GOOD } })).toEqual([
      "gateway.pins.two.clients[0]: is held to `one` already",
    ]);
  });

  it("a set that a route uses needs nobody else", () => {
    const input = withPins(GOOD, {}) as MutableConfig;
    add({ transport: { pins: "partner" } })(input);
    expect(faultsOf(input)).toEqual([]);
  });
});

describe("what time does to pins", () => {
  const on = (number: number, pins: unknown = GOOD) => {
    const result = judgeConfig(withPins(pins), Date.parse(day(number)));
    return result.ok ? [] : result.error.map(({ path, reason }) => `${path} ${reason}`);
  };

  it.each<[number, string | null]>([
    [-1, "have none that is good now"],
    [0, null],
    [99, null],
    [100, "have ended but for the backup: plan the next ones"],
    [199, "have ended but for the backup: plan the next ones"],
    [200, "have all ended"],
  ])("day %i: %s", (number, fault) => {
    expect(on(number)).toEqual(fault === null ? [] : [`gateway.pins.partner.pins ${fault}`]);
  });

  it("those that follow keep a set alive", () => {
    const pins = [pin(A, 0, 100), pin(C, 90, 190), pin(B, 0, 195, true)];
    expect([on(95, pins), on(150, pins)]).toEqual([[], []]);
    expect(on(190, pins)).toHaveLength(1);
  });

  it("a Worker that starts does not look at the time: a set that ended must not end all other calls", () => {
    expect(faultsOf(withPins([pin(A, -900, -800), pin(B, -900, -700, true)]))).toEqual([]);
  });
});
