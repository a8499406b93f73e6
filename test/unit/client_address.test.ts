import { describe, expect, it } from "vitest";
import { callerUnit } from "../../src/http/client_address.ts";

const SHARED = "2a06:98c0:3600::103";
const SHARED_UNIT = "2a06:98c0:3600:0::/64";

function unit(headers: Readonly<Record<string, string>>): string {
  return callerUnit((name) => headers[name] ?? null);
}

describe("what a caller is counted by", () => {
  it.each([
    ["an IPv4 address as it is", { "cf-connecting-ip": "192.0.2.7" }, "192.0.2.7"],
    ["the /64 of an IPv6 one", { "cf-connecting-ip": "2001:db8:1:2:3::4" }, "2001:db8:1:2::/64"],
    ["the zone of a Worker", { "cf-connecting-ip": SHARED, "cf-worker": "Example.COM" }, "worker:example.com"],
    [
      "a zone that is named elsewhere is the caller's word",
      { "cf-connecting-ip": "192.0.2.7", "cf-worker": "x.example" },
      "192.0.2.7",
    ],
    ["nobody names the zone", { "cf-connecting-ip": SHARED }, SHARED_UNIT],
    ["two of them", { "cf-connecting-ip": SHARED, "cf-worker": "a.example, b.example" }, SHARED_UNIT],
    ["a name without an end", { "cf-connecting-ip": SHARED, "cf-worker": "a".repeat(300) }, SHARED_UNIT],
    [
      "a neighbour of the shared address",
      { "cf-connecting-ip": "2a06:98c0:3600::104", "cf-worker": "a.example" },
      SHARED_UNIT,
    ],
    ["no platform", {}, "unknown"],
  ])("%s", (_, headers, expected) => {
    expect(unit(headers)).toBe(expected);
  });
});
