import { describe, expect, it, vi } from "vitest";
import { MetadataCache } from "../../../src/access/metadata_cache.ts";
import type { RouteAction } from "../../../src/access/route_action.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import type { RelationCheck } from "../../../src/policy/decision_facts.ts";
import type { ResourceReading } from "../../../src/policy/resource_reading.ts";
import type { MetadataAnswer } from "../../../src/ports/resource_metadata.ts";
import { decideOn, FALSE, READING, routeAction, rule, TRUE, type World } from "../../support/decide_world.ts";
import { actionPolicy, NOW_MS, ruleOf } from "../../support/decisions.ts";

const CHECK: RelationCheck = {
  object: { type: "group", id: "g" },
  relation: "member",
  subject: { type: "user", id: "u" },
};

describe("what the origin says of its resources", () => {
  const owned = actionPolicy([
    rule(({ resource, principal }) => (resource?.attributes.owner === principal.id ? TRUE : FALSE), {
      needsResource: true,
    }),
  ]);
  const found = (owner: string): MetadataAnswer => ({ kind: "found", attributes: { owner } });

  function world(
    answer: (id: string) => Promise<MetadataAnswer>,
    changes: Partial<RouteAction> = {},
    goesOnWithout = false,
  ) {
    const fetch = vi.fn(answer);
    const cache = new MetadataCache({ fetch }, 30_000);
    return { fetch, action: routeAction({ policy: owned, metadata: { cache, goesOnWithout }, ...changes }) };
  }

  it("is asked once for as long as it counts", async () => {
    const { fetch, action } = world(async () => found("usr_1"));
    expect((await decideOn(action)).outcome).toBe("allowed");
    expect((await decideOn(action, { nowMs: NOW_MS + 29_999 })).outcome).toBe("allowed");
    expect(fetch).toHaveBeenCalledTimes(1);
    expect((await decideOn(action, { nowMs: NOW_MS + 30_000 })).outcome).toBe("allowed");
    expect(fetch).toHaveBeenCalledTimes(2);
    expect((await decideOn(action, { nowMs: NOW_MS - 60_000 })).outcome, "a clock set back").toBe("allowed");
    expect(fetch).toHaveBeenCalledTimes(3);
  });

  it("is asked once for all who want to know at a time", async () => {
    const { fetch, action } = world(async () => found("usr_2"));
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => decideOn(action)));
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(["no_rule_allows"]));
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it("outdoes the caller's own word", async () => {
    const resource: ResourceReading = {
      ...READING,
      attributes: [{ name: "owner", type: "string", place: { from: "path", segment: 2 } }],
    };
    const { action } = world(async () => found("usr_2"), { resource });
    expect((await decideOn(action, { path: ["documents", "1", "usr_1"] })).outcome).toBe("no_rule_allows");
  });

  it.each([true, false])("not there and not yours look alike (hidden: %s)", async (hidesResources) => {
    const absent = await decideOn(world(async () => ({ kind: "absent" }), { hidesResources }).action);
    const others = await decideOn(world(async () => found("usr_2"), { hidesResources }).action);
    expect(absent.error).toEqual({ kind: "denied", reason: "resource_absent", isHidden: hidesResources });
    expect(others.error).toEqual({ kind: "denied", reason: "no_rule_allows", isHidden: hidesResources });
  });

  it("each of several has to be there and allowed", async () => {
    const resource: ResourceReading = { ...READING, ids: [{ from: "path", segment: 1 }] };
    const batch: ResourceReading = { ...resource, ids: [{ from: "body", steps: ["*"] }], readsBody: true };
    const { action } = world(async (id) => (id === "9" ? { kind: "absent" } : found(id === "2" ? "usr_2" : "usr_1")), {
      resource: batch,
      bodyDepth: 8,
    });
    expect((await decideOn(action, { body: ["1", "3"] })).outcome).toBe("allowed");
    expect((await decideOn(action, { body: ["1", "2"] })).outcome).toBe("no_rule_allows");
    expect((await decideOn(action, { body: ["1", "9"] })).outcome).toBe("resource_absent");
  });

  it.each<[string, Partial<RouteAction>, World, string]>([
    ["a rule that denies", { early: actionPolicy([ruleOf(TRUE, { effect: "deny" })]) }, {}, "rule_denied"],
    ["a rule that fails", { early: actionPolicy([ruleOf({ kind: "error", message: "x" })]) }, {}, "rule_failed"],
    [
      "what is no consistency token",
      { relations: () => ({ known: () => undefined, resolve: async () => "unreached" }) },
      { consistency: "x" },
      "consistency_malformed",
    ],
    [
      "a relation of a change that was never made",
      {
        relations: () => ({ known: () => undefined, resolve: async () => "unreached" }),
        early: actionPolicy([rule(() => ({ kind: "wants", checks: [CHECK] }), { effect: "deny" })]),
      },
      { consistency: "rev_zz" },
      "consistency_unreached",
    ],
  ])("is not asked for where the call goes nowhere anyway: %s", async (_, changes, asked, reason) => {
    const { fetch, action } = world(async () => found("usr_1"), changes);
    expect((await decideOn(action, asked)).outcome).toBe(reason);
    expect(fetch).not.toHaveBeenCalled();
  });

  it("is asked for before anybody is sent to sign in anew, or told that no rule allows", async () => {
    const early = actionPolicy([
      ruleOf(TRUE, { effect: "deny", stepUp: { acrValues: ["strong"], maxAgeSeconds: null } }),
      ruleOf(FALSE, { id: "another" }),
    ]);
    const { fetch, action } = world(async () => found("usr_1"), { early });
    expect((await decideOn(action)).outcome).toBe("allowed");
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it("that cannot be had denies, or leaves rules without it, as the route says", async () => {
    const down = async () => {
      throw new Outage("resource_metadata");
    };
    await expect(decideOn(world(down).action)).rejects.toThrow(Outage);
    expect((await decideOn(world(down, {}, true).action)).outcome).toBe("no_rule_allows");
    const bug = async () => {
      throw new TypeError("a fault of ours");
    };
    await expect(decideOn(world(bug, {}, true).action)).rejects.toThrow(TypeError);
  });

  it("made-up ids do not push out real ones", async () => {
    const { fetch, action } = world(async (id) => (id.startsWith("x") ? { kind: "absent" } : found("usr_1")));
    await decideOn(action);
    for (let at = 0; at < 9_000; at++) await decideOn(action, { path: ["documents", `x${at}`] });
    fetch.mockClear();
    expect((await decideOn(action)).outcome).toBe("allowed");
    expect(fetch).not.toHaveBeenCalled();
  });
});
