import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Found } from "../../../src/access/authzen/search.ts";
import { CallRelations } from "../../../src/access/call_relations.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import type { AccessCandidates } from "../../../src/ports/access_candidates.ts";
import type { SearchRequest } from "../../../src/protocol/authzen/search_request.ts";
import { search } from "../../support/authzen_answers.ts";
import {
  asking,
  decisionPoint,
  hasRelation,
  knownUser,
  OWN_ISSUER,
  ruleBy,
  text,
  typeOf,
} from "../../support/decision_point.ts";
import { World } from "../../support/relation_answers_world.ts";
import { tuple } from "../../support/relation_graph.ts";

const NO_NAMES: ReadonlySet<string> = new Set();
const PAGE = { token: null, limit: null };
const none = { properties: {} };
const alice = { type: "user", id: "alice", ...none };
const bySubject: SearchRequest = {
  kind: "subject",
  type: "user",
  action: { name: "read", ...none },
  resource: { type: "record", id: "1", ...none },
  context: {},
  page: PAGE,
};
const byResource: SearchRequest = {
  kind: "resource",
  type: "record",
  action: { name: "read", ...none },
  subject: alice,
  context: {},
  page: PAGE,
};
const byAction: SearchRequest = {
  kind: "action",
  subject: alice,
  resource: { type: "record", id: "1", properties: { status: "active" } },
  context: {},
  page: PAGE,
};

function candidatesOf(ids: readonly string[], asked: string[] = []): AccessCandidates {
  const page = async (after: string | null, limit: number) => {
    asked.push(`${after}/${limit}`);
    const behind = ids.filter((id) => after === null || id > after);
    return { ids: behind.slice(0, limit), isLast: behind.length <= limit, isWhole: true };
  };
  return {
    resources: (_, __, after, limit) => page(after, limit),
    subjects: (_, __, ___, after, limit) => page(after, limit),
  };
}

const even = ruleBy("even", "allow", ({ resource }) => Number(resource?.id) % 2 === 0);
const active = ruleBy("active", "allow", ({ resource }) => resource?.attributes.status === "active");
const types = {
  record: typeOf({ read: [even], write: [active], archive: [active], erase: [] }, { status: text }),
  open: typeOf({ read: [ruleBy("all", "allow", () => true)] }),
};

const pointWith = (candidates: AccessCandidates) =>
  decisionPoint(types, [knownUser("alice"), knownUser("bob"), knownUser("eve")], { candidates });

/** A hundred readers, of whom a group has every second one, by answers that have to be fetched. */
function readers() {
  const world = new World();
  const ids = Array.from({ length: 100 }, (_, at) => `u${String(at).padStart(3, "0")}`);
  for (const [at, id] of ids.entries()) if (at % 2 === 0) world.write("add", tuple(`group:g#member@user:${id}`));
  world.write("add", tuple("document:1#viewer@group:g#member"));
  world.tell();
  const document = typeOf({ read: [ruleBy("viewer", "allow", hasRelation("viewer"))] });
  const point = decisionPoint(
    { document },
    ids.map((id) => knownUser(id)),
    {
      candidates: candidatesOf(ids),
      relations: (principal, call) => new CallRelations(world.answers, call, principal, OWN_ISSUER),
    },
  );
  return { world, ids, point };
}

async function all(asked: SearchRequest, limit: number, maxCandidates: number, candidates: AccessCandidates) {
  const pages: Found[] = [];
  for (let after: string | null | undefined = null; after !== undefined; ) {
    const found: Found = await search(asked, { after, limit, maxCandidates }, pointWith(candidates), asking());
    pages.push(found);
    after = found.next;
    if (pages.length > 500) throw new Error("without an end");
  }
  return pages;
}

describe("AuthZEN 1.0 §8: searches", () => {
  it("find those candidates that would be permitted, and no other", async () => {
    const part = { after: null, limit: 10, maxCandidates: 100 };
    const point = pointWith(candidatesOf(["1", "2", "3", "4"]));
    expect(await search(byResource, part, point, asking())).toEqual({
      names: ["2", "4"],
      next: undefined,
      looked: 4,
      isWhole: true,
    });
    const people = pointWith(candidatesOf(["alice", "bob", "nobody"]));
    const open = { ...bySubject, resource: { type: "open", id: "1", ...none } };
    expect((await search(open, part, people, asking())).names).toEqual(["alice", "bob"]);
    expect((await search(byAction, part, point, asking())).names).toEqual(["archive", "write"]);
  });

  it("the relations of fifty candidates, each a subject of its own, are asked about by one question", async () => {
    const { world, ids, point } = readers();
    const asked = { ...bySubject, resource: { type: "document", id: "1", ...none } };
    const found = await search(asked, { after: null, limit: 100, maxCandidates: 100 }, point, asking());
    expect(found.names).toEqual(ids.filter((_, at) => at % 2 === 0));
    expect(world.asked.map((checks) => checks.length)).toEqual([50, 50]);
  });

  it("whatever the pages' sizes, all pages together are the one list, in order and each once", async () => {
    const ids = fc.uniqueArray(fc.integer({ min: 100, max: 999 }).map(String), { maxLength: 120 });
    await fc.assert(
      fc.asyncProperty(
        ids,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 70 }),
        async (some, limit, most) => {
          const sorted = [...some].sort();
          const pages = await all(byResource, limit, most, candidatesOf(sorted));
          expect(pages.flatMap(({ names }) => names)).toEqual(sorted.filter((id) => Number(id) % 2 === 0));
          for (const { names, looked } of pages) {
            expect(names.length).toBeLessThanOrEqual(limit);
            expect(looked).toBeLessThanOrEqual(most);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("actions come in pages as well", async () => {
    const pages = await all(byAction, 1, 10, candidatesOf([]));
    expect(pages.map(({ names }) => names)).toEqual([["archive"], ["write"]]);
  });

  it("a page of none looks at nobody, and the search begins where it was", async () => {
    const asked: string[] = [];
    const part = { after: "2", limit: 0, maxCandidates: 100 };
    expect(await search(byResource, part, pointWith(candidatesOf(["4"], asked)), asking())).toEqual({
      names: [],
      next: "2",
      looked: 0,
      isWhole: true,
    });
    expect(asked).toEqual([]);
  });

  it("a store that never says that it is at its end, and has nothing, is at its end", async () => {
    const empty = { ids: [], isLast: false, isWhole: false };
    const candidates = { resources: async () => empty, subjects: async () => empty };
    const found = await search(
      byResource,
      { after: null, limit: 10, maxCandidates: 10 },
      pointWith(candidates),
      asking(),
    );
    expect(found).toEqual({ names: [], next: undefined, looked: 0, isWhole: false });
  });

  it.each<[string, SearchRequest]>([
    ["a kind of subject", { ...bySubject, type: "spaceship" }],
    ["a type of resource", { ...byResource, type: "spaceship" }],
    ["an action", { ...byResource, action: { name: "fly", ...none } }],
    ["a resource whose id no tuple can name", { ...bySubject, resource: { type: "record", id: "a:b#c@d", ...none } }],
    ["a subject's type", { ...byResource, subject: { type: "spaceship", id: "1", ...none } }],
    ["a subject", { ...byAction, subject: { type: "user", id: "nobody", ...none } }],
    ["the type of an action's resource", { ...byAction, resource: { type: "spaceship", id: "1", ...none } }],
  ])("%s that nobody knows finds nothing, and is no error", async (_, asked) => {
    const part = { after: null, limit: 10, maxCandidates: 100 };
    const found = await search(asked, part, pointWith(candidatesOf(["2"])), asking());
    expect(found).toMatchObject({ names: [], next: undefined });
  });

  it("an attribute of what is searched for is not believed of each of them", async () => {
    const asked = { ...byResource, action: { name: "write", ...none } };
    const found = await search(
      asked,
      { after: null, limit: 10, maxCandidates: 9 },
      pointWith(candidatesOf(["2"])),
      asking(),
    );
    expect(found.names).toEqual([]);
  });

  it("a caller that is kept to tenants finds nothing of which nobody knows the tenant", async () => {
    const terms = {
      resourceTypes: null,
      tenants: new Set(["acme"]),
      roles: new Set<string>(),
      attributes: new Set<string>(),
    };
    const point = { ...pointWith(candidatesOf(["2", "4"])), callers: new Map([["cli_pep", terms]]) };
    expect((await search(byResource, { after: null, limit: 9, maxCandidates: 9 }, point, asking())).names).toEqual([]);
  });

  it.each<[string, SearchRequest]>([
    ["who may touch a resource of another tenant", bySubject],
    ["what may be done to it", byAction],
  ])("a caller that is kept to tenants does not learn %s, nor how many were looked at for that", async (_, asked) => {
    const terms = { resourceTypes: null, tenants: new Set(["acme"]), roles: NO_NAMES, attributes: NO_NAMES };
    const candidates = candidatesOf(["alice", "bob", "eve"]);
    const point = { ...pointWith(candidates), callers: new Map([["cli_pep", terms]]) };
    const found = await search(asked, { after: null, limit: 9, maxCandidates: 1 }, point, asking());
    expect(found).toEqual({ names: [], next: undefined, looked: 0, isWhole: true });
  });

  it("no candidates are looked for of a type that the caller may not ask about", async () => {
    const terms = { resourceTypes: new Set(["open"]), tenants: null, roles: NO_NAMES, attributes: NO_NAMES };
    const looked: string[] = [];
    const point = { ...pointWith(candidatesOf(["2"], looked)), callers: new Map([["cli_pep", terms]]) };
    for (const asked of [bySubject, byResource, byAction]) {
      const found = await search(asked, { after: null, limit: 9, maxCandidates: 1 }, point, asking());
      expect(found).toMatchObject({ names: [], next: undefined, looked: 0 });
    }
    expect(looked).toEqual([]);
  });

  it("candidates that cannot be had are an outage", async () => {
    const down = () => Promise.reject(new Outage("d1"));
    const part = { after: null, limit: 10, maxCandidates: 100 };
    const point = pointWith({ resources: down, subjects: down });
    await expect(search(byResource, part, point, asking())).rejects.toThrow(Outage);
  });
});
