import { describe, expect, it } from "vitest";
import type { Asking, CallerTerms, DecisionPoint, ResourceType } from "../../../src/access/authzen/decision_point.ts";
import type { RouteMetadata } from "../../../src/access/route_action.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import { ok } from "../../../src/kernel/result.ts";
import type { Attributes } from "../../../src/policy/decision_facts.ts";
import type { MetadataAnswer } from "../../../src/ports/resource_metadata.ts";
import { evaluate, evaluateSeveral, search } from "../../support/authzen_answers.ts";
import { ask, asking, decisionPoint, knownUser, ruleBy, text, typeOf } from "../../support/decision_point.ts";
import { actionPolicy } from "../../support/decisions.ts";

/* The origins of resources, asked for those who ask what may be done with them. */

const active = ruleBy("active", "allow", ({ resource }) => {
  if (resource?.attributes.status === undefined) throw new Error("no such key: status");
  return resource.attributes.status === "active";
});
const isManager = ruleBy("manager", "allow", ({ principal }) => principal.roles.includes("manager"));

/** An origin that knows `resources`, and remembers nothing; `asked` are its questions, `most` how many there were beside each other. */
class Origin {
  readonly asked: string[] = [];
  most = 0;
  #now = 0;
  readonly #resources: Readonly<Record<string, Attributes>>;
  readonly #goesOnWithout: boolean;

  constructor(resources: Readonly<Record<string, Attributes>>, goesOnWithout = false) {
    this.#resources = resources;
    this.#goesOnWithout = goesOnWithout;
  }

  /** As the origin of the actions that are called `names`. */
  of(...names: readonly string[]): ResourceType["metadata"] {
    const metadata: RouteMetadata = {
      cache: { known: () => undefined, fetch: (id) => this.#answer(id) },
      goesOnWithout: this.#goesOnWithout,
    };
    return new Map(names.map((name) => [name, metadata]));
  }

  async #answer(id: string): Promise<MetadataAnswer> {
    this.asked.push(id);
    this.#now += 1;
    this.most = Math.max(this.most, this.#now);
    await Promise.resolve();
    this.#now -= 1;
    if (id.startsWith("down")) throw new Outage("resource_metadata");
    const attributes = Object.hasOwn(this.#resources, id) ? this.#resources[id] : undefined;
    return attributes === undefined ? { kind: "absent" } : { kind: "found", attributes };
  }
}

const RESOURCES = { "1": { status: "active", org: "acme" }, "2": { status: "over", org: "globex" }, "3": {} };

function pointWith(origin: Origin, changes: Partial<DecisionPoint> = {}): DecisionPoint {
  const demanding = new Map([["read", actionPolicy([active], ["record:read"])]]);
  const record = typeOf({ read: [active], idle: [isManager] }, {}, null, origin.of("read"));
  return decisionPoint(
    {
      record,
      demanding: { ...record, actions: demanding },
      tenanted: { ...typeOf({ read: [active], approve: [isManager] }, {}, "org", origin.of("read", "approve")) },
      told: typeOf({ read: [active] }, { status: text }),
    },
    [
      knownUser("alice", { roles: ["viewer"] }),
      knownUser("bob"),
      knownUser("mona", { tenantRoles: new Map([["acme", ["manager"]]]) }),
    ],
    changes,
  );
}

async function answers(words: readonly string[], point: DecisionPoint, by: Asking = asking()): Promise<string[]> {
  const evaluations = await evaluate(
    words.map((one) => ask(one)),
    point,
    by,
  );
  return evaluations.map(({ decision, because }) => `${decision} ${because}`);
}

function keptTo(changes: Partial<CallerTerms>): Pick<DecisionPoint, "callers"> {
  const terms = { resourceTypes: null, tenants: null, roles: new Set<string>(), attributes: new Set<string>() };
  return { callers: new Map([["cli_pep", { ...terms, ...changes }]]) };
}

describe("the origin of a resource", () => {
  it("says what it is like: what it does not say is not known, and what it does not have may not be touched", async () => {
    const words = ["alice read record:1", "alice read record:2", "alice read record:3", "alice read record:4"];
    expect(await answers(words, pointWith(new Origin(RESOURCES)))).toEqual([
      "true allowed",
      "false no_rule_allows",
      "false rule_failed",
      "false resource_absent",
    ]);
  });

  it("is asked once for each resource, a few beside each other, and for actions that need its word alone", async () => {
    const origin = new Origin(RESOURCES);
    const many = Array.from({ length: 20 }, (_, at) => [`alice read record:r${at}`, `bob read record:r${at}`]).flat();
    await answers(["alice idle record:1", "alice read told:1", ...many], pointWith(origin));
    expect(origin.asked).toHaveLength(20);
    expect(new Set(origin.asked).size).toBe(20);
    expect(origin.most).toBe(6);
  });

  it("is not asked about what is denied anyway: nobody, an unknown action, a missing permission, what is out of reach", async () => {
    const origin = new Origin(RESOURCES);
    const point = pointWith(origin, keptTo({ resourceTypes: new Set(["record", "demanding"]) }));
    const words = ["nobody read record:1", "alice fly record:1", "bob read demanding:1", "alice read tenanted:1"];
    expect(await answers(words, point)).toEqual([
      "false subject_unknown",
      "false action_unknown",
      "false permission_missing",
      "false out_of_reach",
    ]);
    expect(origin.asked).toEqual([]);
    expect(await answers(["alice read demanding:1"], point)).toEqual(["true allowed"]);
  });

  it("whose word another question fetched has no say in an action that does not need it", async () => {
    const words = ["alice read record:gone", "mona idle record:gone"];
    expect(await answers(words, pointWith(new Origin(RESOURCES)))).toEqual([
      "false resource_absent",
      "false no_rule_allows",
    ]);
  });

  it.each(["..", ".", " 1", "1 ", "a\nb", "\u00e9".normalize("NFD"), "\ud800", "x".repeat(257), ""])(
    "is not asked about %j, in which somebody else could read another id",
    async (id) => {
      const origin = new Origin(RESOURCES);
      const question = { ...ask("alice read record:1"), resource: { type: "record", id, properties: {} } };
      const [evaluation] = await evaluate([question], pointWith(origin), asking());
      expect([evaluation?.decision, evaluation?.because, origin.asked]).toEqual([false, "resource_malformed", []]);
    },
  );

  it("says whose it is: roles of that tenant count, and a caller that is kept to tenants learns nothing of others", async () => {
    const words = ["mona approve tenanted:1", "mona approve tenanted:2"];
    expect(await answers(words, pointWith(new Origin(RESOURCES)))).toEqual(["true allowed", "false no_rule_allows"]);
    const kept = pointWith(new Origin(RESOURCES), keptTo({ tenants: new Set(["acme"]) }));
    const all = ["alice read tenanted:1", "alice read tenanted:2", "alice read tenanted:3", "alice read tenanted:4"];
    expect(await answers(all, kept), "what is not there looks like what is others'").toEqual([
      "true allowed",
      "false out_of_reach",
      "false out_of_reach",
      "false out_of_reach",
    ]);
  });

  it("that cannot be asked leaves all questions without an answer", async () => {
    const words = ["alice read record:1", "alice read record:down"];
    await expect(answers(words, pointWith(new Origin(RESOURCES)))).rejects.toThrow(Outage);
  });

  it("that need not be there: rules that need it fail, and deny; whose it is is not known either", async () => {
    const origin = new Origin(RESOURCES, true);
    expect(await answers(["alice read record:down"], pointWith(origin))).toEqual(["false rule_failed"]);
    const kept = pointWith(origin, keptTo({ tenants: new Set(["acme"]) }));
    expect(await answers(["mona approve tenanted:down"], pointWith(origin))).toEqual(["false no_rule_allows"]);
    expect(await answers(["alice read tenanted:down"], kept)).toEqual(["false out_of_reach"]);
  });

  it.each([
    ["execute_all", ["2", "down", "1"], "an outage"],
    ["deny_on_first_deny", ["2", "down", "1"], "false"],
    ["deny_on_first_deny", ["1", "down", "2"], "an outage"],
    ["permit_on_first_permit", ["1", "down"], "true"],
    ["permit_on_first_permit", ["2", "down", "1"], "an outage"],
    ["permit_on_first_permit", ["2", "gone", "1", "down"], "false false true"],
  ] as const)("%s of %j: %s", async (semantic, ids, expected) => {
    const questions = ids.map((id) => ok(ask(`alice read record:${id}`)));
    const answered = await evaluateSeveral(questions, semantic, pointWith(new Origin(RESOURCES)), asking()).then(
      (all) => all.map((one) => ("evaluation" in one ? one.evaluation.decision : null)).join(" "),
      (error: unknown) => (error instanceof Outage ? "an outage" : error),
    );
    expect(answered).toBe(expected);
  });
});

/** A clock that goes on by `stepMs` each time that it is looked at. */
function clock(stepMs: number): () => number {
  let elapsedMs = -stepMs;
  return () => {
    elapsedMs += stepMs;
    return elapsedMs;
  };
}

describe("an answer that takes too long", () => {
  it("is none: what is under way is awaited, and nothing more is begun", async () => {
    const origin = new Origin(RESOURCES);
    const many = Array.from({ length: 60 }, (_, at) => `alice read record:r${at}`);
    // Looked at before the questions, and before each six of them: late for the third.
    const late = asking({ elapsedMs: clock(4_000) });
    await expect(answers(many, pointWith(origin), late)).rejects.toThrow(Outage);
    expect(origin.asked).toHaveLength(12);
  });

  it("one after another: the rest is not begun", async () => {
    const origin = new Origin(RESOURCES);
    const questions = ["1", "1", "1", "1", "1"].map((id) => ok(ask(`alice read record:${id}`)));
    const late = asking({ elapsedMs: clock(1_500) });
    await expect(evaluateSeveral(questions, "deny_on_first_deny", pointWith(origin), late)).rejects.toThrow(Outage);
    expect(origin.asked.length).toBeLessThan(5);
  });

  it("to a search is what was found by then, with a way to go on: nothing is lost or found twice", async () => {
    const ids = Array.from({ length: 180 }, (_, at) => String(1_000 + at));
    const origin = new Origin(Object.fromEntries(ids.map((id) => [id, { status: "active" }])));
    const candidates: DecisionPoint["candidates"] = {
      resources: async (_, __, after, limit) => {
        const behind = ids.filter((id) => after === null || id > after);
        return { ids: behind.slice(0, limit), isLast: behind.length <= limit, isWhole: true };
      },
      subjects: () => Promise.reject(new Error("nobody is sought")),
    };
    const none = { properties: {} };
    const asked = {
      kind: "resource",
      type: "record",
      subject: { type: "user", id: "alice", ...none },
      action: { name: "read", ...none },
      context: {},
      page: { token: null, limit: null },
    } as const;
    const found: string[] = [];
    const pages: number[] = [];
    for (let after: string | null | undefined = null; after !== undefined; ) {
      const by = asking({ elapsedMs: clock(400) });
      const page = await search(
        asked,
        { after, limit: 200, maxCandidates: 200 },
        pointWith(origin, { candidates }),
        by,
      );
      found.push(...page.names);
      pages.push(page.looked);
      after = page.next;
    }
    expect(found).toEqual(ids);
    expect(pages.slice(0, -1).every((looked) => looked > 0 && looked % 50 === 0)).toBe(true);
    expect(pages.length).toBeGreaterThan(1);
  });
});
