import { describe, expect, it } from "vitest";
import { ADDED, add, changed, faultsOf, type MutableConfig } from "../../support/changed_config.ts";

const FIXED = { algorithm: "fixed", limit: 100, windowSeconds: 10 };
const BUCKET = { algorithm: "bucket", burst: 100, refill: 10, intervalSeconds: 1 };

/** A limit called `tried`, and the added route that names it. */
function tried(limit: Record<string, unknown>, route: Record<string, unknown> = {}) {
  return (config: MutableConfig) => {
    config.limits.tried = limit.algorithm === undefined ? { ...FIXED, ...limit } : limit;
    add({ limits: ["tried"], ...route })(config);
  };
}

describe("limits that are wrong say where and why", () => {
  it.each<[string, ReturnType<typeof tried>, string, RegExp]>([
    ["an unknown part of a key", tried({ key: "tenant" }), "limits.tried.key", /./],
    ["a parameter without a name", tried({ key: "param:" }), "limits.tried.key", /./],
    ["a key of nothing", tried({ key: [] }), "limits.tried.key", /./],
    ["a part twice", tried({ key: ["address", "address"] }), "limits.tried.key", /twice/],
    ["a route beside an operation", tried({ key: ["route", "operation"] }), "limits.tried.key", /says nothing/],
    [
      "a parameter that the path has not",
      tried({ key: "param:id" }, { path: "/added/:other" }),
      `${ADDED}.limits[0]`,
      /no parameter `:id`/,
    ],
    [
      "clients where keys alone open",
      tried({ key: "client" }, { credentials: ["secret_key"] }),
      `${ADDED}.limits[0]`,
      /no token opens/,
    ],
    ["clients where nobody is proven", tried({ key: "client" }, { public: true }), `${ADDED}.limits[0]`, /no token/],
    [
      "keys where tokens alone open",
      tried({ key: ["api_key", "route"] }, { credentials: ["bearer"] }),
      `${ADDED}.limits[0]`,
      /no API key opens/,
    ],
    ["keys where nobody is proven", tried({ key: "api_key" }, { public: true }), `${ADDED}.limits[0]`, /no API key/],
    ["a cost of nothing", tried({}, { limits: [{ name: "tried", cost: 0 }] }), `${ADDED}.limits[0]`, /./],
    [
      "a cost that is never granted",
      tried({}, { limits: [{ name: "tried", cost: 101 }] }),
      `${ADDED}.limits[0]`,
      /never grants more than 100/,
    ],
    [
      "an origin that may cost no more than was taken",
      tried({}, { limits: [{ name: "tried", cost: 5, maxOriginCost: 5 }] }),
      `${ADDED}.limits[0]`,
      /above `cost`/,
    ],
    [
      "an origin that may cost more than there is",
      tried(BUCKET, { limits: [{ name: "tried", maxOriginCost: 101 }] }),
      `${ADDED}.limits[0]`,
      /more than all/,
    ],
    [
      "leases of a limit below 20",
      tried({ limit: 19, precision: "leased" }),
      "limits.tried.precision",
      /none below 20/,
    ],
    [
      "leases of a bucket that refills at once",
      tried({ ...BUCKET, refill: 21, precision: "leased" }),
      "limits.tried.precision",
      /raise `burst`/,
    ],
    [
      "a cost that a leased bucket never grants",
      tried({ ...BUCKET, precision: "leased" }, { limits: [{ name: "tried", cost: 96 }] }),
      `${ADDED}.limits[0]`,
      /never grants more than 95/,
    ],
    [
      "a limit twice, spelled differently",
      tried({}, { limits: ["tried", { name: "tried" }] }),
      `${ADDED}.limits[1]`,
      /twice/,
    ],
    ["a limit twice", tried({}, { limits: ["tried", "tried"] }), `${ADDED}.limits[1]`, /named twice/],
  ])("%s", (_, change, path, reason) => {
    const found = faultsOf(changed(change)).filter((fault) => fault.startsWith(`${path}`) && reason.test(fault));
    expect(found, JSON.stringify(faultsOf(changed(change)))).not.toEqual([]);
  });

  it.each<[string, ReturnType<typeof tried>]>([
    ["a parameter of the path", tried({ key: ["param:id", "principal"] }, { path: "/added/:id" })],
    ["one part in a list", tried({ key: ["address"] })],
    ["clients where tokens open too", tried({ key: "client" })],
    ["principals of a public route, who are addresses", tried({}, { public: true })],
    ["a bucket", tried(BUCKET)],
    ["a leased bucket", tried({ ...BUCKET, precision: "leased" })],
    ["a leased window", tried({ limit: 20, precision: "leased" })],
  ])("are right: %s", (_, change) => {
    expect(faultsOf(changed(change))).toEqual([]);
  });
});
