import { describe, expect, it } from "vitest";
import { ADDED, add, changed, faultsOf } from "../../support/changed_config.ts";

const LIST = { action: "deny", reason: "scans us", expires: "never", ranges: ["203.0.113.0/24"] };

/** The faults of an installation with `lists`, of which the gateway uses `used`. */
function withLists(lists: Record<string, object>, used = Object.keys(lists), route: Record<string, unknown> = {}) {
  return faultsOf(
    changed((config) => {
      config.lists = Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, { ...LIST, ...list }]));
      config.gateway.lists = used;
      add(route)(config);
    }),
  );
}

describe("lists of networks", () => {
  it("are right, with terms of their own for single entries", () => {
    const own = { ranges: [{ range: "::/0", reason: "all", expires: "2027-01-01T00:00:00Z" }], asns: [1, { asn: 2 }] };
    const allow = { action: "allow", beats: ["one"], ranges: ["203.0.113.7"] };
    expect(withLists({ one: {}, two: own, three: allow })).toEqual([]);
  });

  it.each([
    [{ ranges: ["203.0.113.0/33"] }, "lists.one.ranges[0]: is no address nor range of them"],
    [{ ranges: ["fe80::1%eth0"] }, "lists.one.ranges[0]: is no address nor range of them"],
    [{ ranges: ["203.0.113.1/24"] }, "lists.one.ranges[0]: has bits beyond its prefix"],
    [{ ranges: ["203.0.113.7", "::ffff:203.0.113.7/128"] }, "lists.one.ranges[1]: is listed twice"],
    [{ asns: [7, { asn: 7 }] }, "lists.one.asns[1]: is listed twice"],
    [{ ranges: [] }, "lists.one: lists nothing"],
    [{ beats: ["one"] }, "lists.one.beats: is for lists that `allow`"],
  ])("%j", (list, fault) => {
    expect(withLists({ one: list })).toEqual([fault]);
  });

  it("a list has to say when it ends", () => {
    expect(withLists({ one: { expires: undefined } })[0]).toMatch(/^lists\.one\.expires: /);
    expect(withLists({ one: { expires: "tomorrow" } })[0]).toMatch(/^lists\.one\.expires: /);
  });

  it("an allow names what it outdoes, and guesses at nobody", () => {
    expect(withLists({ one: {}, two: { action: "allow" } })).toContain(
      "lists.two.beats: must name the lists that this one outdoes",
    );
    expect(withLists({ one: {}, two: { action: "allow", beats: ["one"], whenUnknown: "match" } })).toEqual([
      "lists.two.whenUnknown: would let in whoever hides where they come from",
    ]);
    expect(withLists({ one: {}, two: { action: "allow", beats: ["one", "two", "__proto__"] } })).toEqual([
      "lists.two.beats[1]: is a list that allows",
      "lists.two.beats[2]: `__proto__` is not among lists",
    ]);
  });

  it("names resolve, and nothing is there for nothing", () => {
    expect(withLists({ one: {} }, ["one", "one", "other"])).toEqual([
      "gateway.lists[1]: is named twice",
      "gateway.lists[2]: `other` is not among lists",
    ]);
    expect(withLists({ one: {} }, [])).toEqual(["lists.one: is used by nothing"]);
    expect(withLists({ one: {} }, [], { lists: ["one", "other"] })).toEqual([
      `${ADDED}.lists[1]: \`other\` is not among lists`,
    ]);
    const allow = { action: "allow", beats: ["one"] };
    expect(withLists({ one: {}, two: allow }, ["one"], { lists: ["two"] })).toEqual([
      `${ADDED}.lists[0]: outdoes nothing here: none of what \`two\` beats is used`,
    ]);
  });

  it("a file in the wrong format does not fill the report", () => {
    const ranges = Array.from({ length: 5_000 }, (_, index) => `line ${index}`);
    expect(withLists({ one: { ranges } })).toHaveLength(20);
  });
});
