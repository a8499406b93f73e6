import { describe, expect, it } from "vitest";
import { accessLists } from "../../../src/compose/abuse.ts";
import { judgeLists } from "../../../src/policy/access_list.ts";
import { parseAddress } from "../../../src/policy/address_range.ts";
import { readEdgeFacts } from "../../../src/policy/edge_facts.ts";
import { gatewayConfig } from "../../support/gateway_config.ts";
import { compiled } from "../../support/install.ts";

const NOW = Date.parse("2026-11-04T00:00:00Z");

const lists = {
  scanners: {
    action: "deny",
    reason: "scans us",
    expires: "2026-12-01T00:00:00Z",
    ranges: [
      "203.0.113.0/24",
      { range: "203.0.113.128/25", reason: "worse", expires: "2026-11-01T00:00:00Z" },
      { range: "198.51.100.7", expires: "never" },
      "2001:db8::/32",
    ],
    asns: [64500, { asn: 64501, expires: "2026-11-03T00:00:00Z" }],
  },
  partners: { action: "allow", reason: "our partner", expires: "never", ranges: ["203.0.113.7"], beats: ["scanners"] },
  watched: { action: "log", reason: "curious", expires: "never", ranges: ["0.0.0.0/0"] },
  office: { action: "deny", reason: "none but ours", expires: "never", ranges: ["::/0"], whenUnknown: "match" },
} as const;

const config = gatewayConfig();
const all = accessLists(
  compiled({
    ...config,
    lists: structuredClone(lists) as never,
    gateway: { ...config.gateway, lists: Object.keys(lists) },
  }),
);

function judged(names: readonly (keyof typeof lists)[], address: string, asn: number | null = null, nowMs = NOW) {
  const held = names.flatMap((name) => all.get(name) ?? []);
  const { effect, hits } = judgeLists(held, { address: parseAddress(address), asn }, nowMs);
  return [effect, ...hits.map((hit) => `${hit.list} ${hit.matched}${hit.beaten ? " beaten" : ""}: ${hit.reason}`)];
}

describe("a call held against lists", () => {
  it.each([
    ["in a range", "203.0.113.9", null, ["deny", "scanners 203.0.113.0/24: scans us"]],
    [
      "an inner range has ended, the outer one goes on",
      "203.0.113.200",
      null,
      ["deny", "scanners 203.0.113.0/24: scans us"],
    ],
    [
      "IPv4 mapped into IPv6 is that IPv4 address",
      "::ffff:203.0.113.9",
      null,
      ["deny", "scanners 203.0.113.0/24: scans us"],
    ],
    [
      "a whole IPv6 network, whichever address of it",
      "2001:db8:1::abcd",
      null,
      ["deny", "scanners 2001:db8::/32: scans us"],
    ],
    ["by network number", "192.0.2.1", 64500, ["deny", "scanners AS64500: scans us"]],
    ["a number whose time is over", "192.0.2.1", 64501, ["pass"]],
    ["elsewhere", "192.0.2.1", 64510, ["pass"]],
    ["a zone is no address", "fe80::1%eth0", null, ["pass"]],
    ["no address at all", "unknown", null, ["pass"]],
  ])("%s", (_, address, asn, expected) => {
    expect(judged(["scanners"], address, asn)).toEqual(expected);
  });

  it("ends at its date, entries with a date of their own at theirs", () => {
    const [before, at] = [Date.parse("2026-12-01T00:00:00Z") - 1, Date.parse("2026-12-01T00:00:00Z")];
    expect(judged(["scanners"], "203.0.113.9", null, before)[0]).toBe("deny");
    expect(judged(["scanners"], "203.0.113.9", null, at)).toEqual(["pass"]);
    expect(judged(["scanners"], "198.51.100.7", null, at)).toEqual(["deny", "scanners 198.51.100.7: scans us"]);
    expect(judged(["scanners"], "203.0.113.200", null, Date.parse("2026-10-31T00:00:00Z"))[1]).toContain("/25: worse");
  });

  it("an allow outdoes the lists that it names, and no others", () => {
    expect(judged(["scanners", "partners", "watched"], "203.0.113.7")).toEqual([
      "pass",
      "scanners 203.0.113.0/24 beaten: scans us",
      "partners 203.0.113.7: our partner",
      "watched 0.0.0.0/0: curious",
    ]);
    expect(judged(["scanners", "partners", "office"], "::1")[0]).toBe("deny");
    expect(judged(["partners"], "203.0.113.9")).toEqual(["pass"]);
  });

  it("who cannot be told apart is on the list where the list says so", () => {
    for (const address of ["unknown", "", "203.0.113.7.", "0x7f.1", "fe80::1%eth0"]) {
      expect(judged(["office"], address)).toEqual(["deny", "office unknown: none but ours"]);
    }
    expect(judged(["office"], "203.0.113.7")).toEqual(["pass"]);
  });
});

describe("what the platform says of a call", () => {
  it.each([
    [undefined, { asn: null, country: null, position: null }],
    [null, { asn: null, country: null, position: null }],
    [
      { asn: 64500, country: "AT", latitude: "48.2", longitude: "-16.37" },
      { asn: 64500, country: "AT", position: { latitude: 48.2, longitude: -16.37 } },
    ],
    [{ country: "T1" }, { asn: null, country: "T1", position: null }],
    [
      { asn: "64500", country: "XX", latitude: "91", longitude: "0" },
      { asn: null, country: null, position: null },
    ],
    [
      { asn: 1.5, country: "at", latitude: "48.2" },
      { asn: null, country: null, position: null },
    ],
    [
      { latitude: "NaN", longitude: "1e3" },
      { asn: null, country: null, position: null },
    ],
  ])("%j", (cf, expected) => {
    expect(readEdgeFacts(cf)).toEqual(expected);
  });
});
