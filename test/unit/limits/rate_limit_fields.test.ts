import * as fc from "fast-check";
import { parseList } from "structured-headers";
import { describe, expect, it } from "vitest";
import type { LimitPolicy, LimitState } from "../../../src/limits/limit.ts";
import { type FieldStyle, rateLimitFields } from "../../../src/limits/rate_limit_fields.ts";
import { bucket, fixed } from "../../support/limit_policies.ts";

function state(policy: LimitPolicy, remaining: number, resetSeconds: number, granted = true): LimitState {
  return { policy: policy.name, granted, remaining, resetSeconds };
}

const STYLES = ["both", "draft", "older", "none"] as const;

type Fields = Record<string, string | number | null>;

function fieldsOf(policies: readonly LimitPolicy[], limits: readonly LimitState[], style: FieldStyle = "both"): Fields {
  const granted = limits.every((limit) => limit.granted);
  const { fields, retryAfterSeconds } = rateLimitFields({ granted, limits }, policies, style);
  return { ...Object.fromEntries(fields), retryAfterSeconds };
}

/** A structured list as [item, parameters], read by a parser that is not ours. */
function parsed(value: string | number | null | undefined) {
  return parseList(String(value)).map(([item, parameters]) => [item, Object.fromEntries(parameters)]);
}

describe("rate limit fields", () => {
  it("draft-ietf-httpapi-ratelimit-headers-10 3 and 4: lists of strings with q, w and r, t", () => {
    const policies = [fixed(100, "per-client"), { ...bucket(30, "burst"), refill: 5, intervalSeconds: 2 }];
    const fields = fieldsOf(policies, [state(fixed(100, "per-client"), 50, 7), state(bucket(30, "burst"), 12, 8)]);
    expect(fields["RateLimit-Policy"]).toBe('"per-client";q=100;w=10, "burst";q=30;w=12');
    expect(fields.RateLimit).toBe('"per-client";r=50;t=7, "burst";r=12;t=8');
    expect(parsed(fields["RateLimit-Policy"])).toEqual([
      ["per-client", { q: 100, w: 10 }],
      ["burst", { q: 30, w: 12 }],
    ]);
    expect(parsed(fields.RateLimit)).toEqual([
      ["per-client", { r: 50, t: 7 }],
      ["burst", { r: 12, t: 8 }],
    ]);
  });

  it.each<[string, LimitState, LimitState, Fields]>([
    [
      "the least remaining of its quota",
      state(fixed(100, "wide"), 40, 3),
      state(fixed(10, "narrow"), 5, 9),
      { "RateLimit-Limit": "100", "RateLimit-Remaining": "40", "RateLimit-Reset": "3", retryAfterSeconds: null },
    ],
    [
      "the one that denies, though it has more left",
      state(fixed(100, "wide"), 40, 4, false),
      state(fixed(10, "narrow"), 1, 9),
      { "RateLimit-Limit": "100", "RateLimit-Remaining": "40", "RateLimit-Reset": "4", retryAfterSeconds: 4 },
    ],
    [
      "of two that deny the longer wait",
      state(fixed(100, "wide"), 0, 4, false),
      state(fixed(10, "narrow"), 1, 9, false),
      { "RateLimit-Limit": "10", "RateLimit-Remaining": "1", "RateLimit-Reset": "9", retryAfterSeconds: 9 },
    ],
  ])("the older fields tell of the tightest policy: %s", (_, wide, narrow, expected) => {
    expect(fieldsOf([fixed(100, "wide"), fixed(10, "narrow")], [wide, narrow])).toMatchObject(expected);
  });

  it("names a policy once, by its tightest counter", () => {
    const policy = fixed(10);
    const fields = fieldsOf([policy, policy], [state(policy, 7, 5), state(policy, 2, 5)]);
    expect(fields["RateLimit-Policy"]).toBe('"fixed";q=10;w=10');
    expect(fields.RateLimit).toBe('"fixed";r=2;t=5');
  });

  it("rounds a bucket's window up, so that its advertised pace is never above the real one", () => {
    const policy = { ...bucket(10), refill: 3, intervalSeconds: 1 };
    expect(fieldsOf([policy], [state(policy, 1, 1)])["RateLimit-Policy"]).toBe('"bucket";q=10;w=4');
  });

  it("says nothing where there is no limit", () => {
    expect(rateLimitFields({ granted: true, limits: [] }, [], "both")).toEqual({ fields: [], retryAfterSeconds: null });
  });

  it.each([
    ["both", ["RateLimit", "RateLimit-Limit", "RateLimit-Policy", "RateLimit-Remaining", "RateLimit-Reset"]],
    ["draft", ["RateLimit", "RateLimit-Policy"]],
    ["older", ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]],
    ["none", []],
  ] as const)("the style `%s` has these fields and no others, and always the wait of a denial", (style, names) => {
    const { retryAfterSeconds, ...fields } = fieldsOf([fixed(5)], [state(fixed(5), 0, 7, false)], style);
    expect(Object.keys(fields).sort()).toEqual(names);
    expect(retryAfterSeconds).toBe(7);
  });

  it("RFC 9651: of any limits, in any style, every field parses, and no number is negative", () => {
    const count = fc.nat(1_000_000_000);
    const line = fc.record({
      policy: fc.oneof(
        fc.record({ limit: count }).map(({ limit }) => fixed(limit + 1)),
        fc
          .record({ burst: fc.integer({ min: 1, max: 1_000_000 }), refill: fc.integer({ min: 1, max: 1_000_000 }) })
          .map(({ burst, refill }) => ({ ...bucket(burst), refill })),
      ),
      remaining: count,
      reset: fc.integer({ min: 1, max: 31 * 86_400 }),
      granted: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), fc.constantFrom(...STYLES), (lines, style) => {
        const policies = lines.map(({ policy }, index) => ({ ...policy, name: `${policy.name}-${index}` }));
        const states = lines.map(({ remaining, reset, granted }, index) =>
          state(policies[index] ?? fixed(1), remaining, reset, granted),
        );
        const { retryAfterSeconds, ...fields } = fieldsOf(policies, states, style);
        for (const [name, value] of Object.entries(fields)) {
          const parameters = parseList(String(value)).flatMap(([item, own]) =>
            name.includes("-") && name !== "RateLimit-Policy" ? [item] : [...own.values()],
          );
          for (const number of parameters) expect(Number(number), name).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("RFC 9651 4.1.6: any printable ASCII name survives a round trip", () => {
    const printable = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    });
    fc.assert(
      fc.property(printable, fc.nat(), fc.integer({ min: 1 }), (name, remaining, reset) => {
        const policy = fixed(5, name);
        const fields = fieldsOf([policy], [state(policy, remaining, reset)]);
        expect(parsed(fields.RateLimit)).toEqual([[name, { r: remaining, t: reset }]]);
        expect(parsed(fields["RateLimit-Policy"])).toEqual([[name, { q: 5, w: 10 }]]);
      }),
    );
  });

  it.each(["a\nb", "a\r\nSet-Cookie: x", "caf\u00e9", "\u0000", "\u007f"])(
    "RFC 9651 4.1.6: refuses the name %j",
    (name) => {
      const policy = fixed(5, name);
      expect(() => fieldsOf([policy], [state(policy, 1, 1)])).toThrow(RangeError);
    },
  );
});
