import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readExactJson } from "../../../src/kernel/exact_json.ts";
import {
  type AttributePlace,
  MAX_RESOURCES,
  type Place,
  type ResourceReading,
  readResources,
  type Several,
} from "../../../src/policy/resource_reading.ts";

const PATH: Place = { from: "path", segment: 1 };
const query = (several: Several = "no", name = "id"): Place => ({ from: "query", name, several });
const body = (pointer: string): Place => ({ from: "body", steps: pointer.slice(1).split("/") });

function reading(ids: readonly Place[], more: Partial<ResourceReading> = {}): ResourceReading {
  return {
    idType: "string",
    ids,
    most: MAX_RESOURCES,
    attributes: [],
    readsBody: ids.some(({ from }) => from === "body"),
    ...more,
  };
}

interface Sent {
  readonly path?: string;
  readonly search?: string;
  /** JSON as it is written. */
  readonly json?: string;
}

function idsOf(of: ResourceReading, { path = "/documents/1", search = "", json }: Sent) {
  const parsed = json === undefined ? undefined : readExactJson(json, { maxDepth: 32, strict: true });
  if (parsed !== undefined && !parsed.ok) return parsed.error;
  const segments = path.slice(1).split("/").map(decodeURIComponent);
  const read = readResources(of, { segments, search, body: parsed?.value });
  return read.ok ? read.value.map(({ id }) => id) : read.error;
}

describe("item 187: what a call is about is told in one way alone", () => {
  it.each<[string, ResourceReading, Sent, readonly string[] | string]>([
    ["a segment of the path", reading([PATH]), { path: "/documents/a%20b" }, ["a b"]],
    ["a parameter of the query", reading([query()]), { search: "?id=7&page=2" }, ["7"]],
    ["a member of the body", reading([body("/document/id")]), { json: '{"document":{"id":"7"}}' }, ["7"]],
    ["each item of a list", reading([body("/items/*/id")]), { json: '{"items":[{"id":"1"},{"id":"2"}]}' }, ["1", "2"]],
    ["lists within lists", reading([body("/*/ids/*")]), { json: '[{"ids":["1"]},{"ids":["2","3"]}]' }, ["1", "2", "3"]],
    ["one id twice is one resource", reading([body("/*")]), { json: '["1","1","2"]' }, ["1", "2"]],
    ["repeated parameters, where declared", reading([query("repeated")]), { search: "?id=1&id=2" }, ["1", "2"]],
    ["commas, where declared", reading([query("commas")]), { search: "?id=1,2" }, ["1", "2"]],
    ["both, where declared", reading([query("repeated_or_commas")]), { search: "?id=1,2&id=3" }, ["1", "2", "3"]],
    ["a comma that is not declared is a character", reading([query()]), { search: "?id=1,2" }, ["1,2"]],
    ["what does not exist yet has no id", reading([]), {}, [""]],

    ["no id in the query", reading([query()]), { search: "?page=2" }, "resource_missing"],
    ["no id in the body", reading([body("/id")]), { json: '{"name":"x"}' }, "resource_missing"],
    ["no id in one item of a batch", reading([body("/*/id")]), { json: '[{"id":"1"},{}]' }, "resource_missing"],
    ["a batch of nothing, which may mean all", reading([body("/ids/*")]), { json: '{"ids":[]}' }, "resource_missing"],
    ["no body", reading([body("/id")]), {}, "resource_malformed"],
    ["null for an id", reading([body("/id")]), { json: '{"id":null}' }, "resource_malformed"],
    ["a list where one is expected", reading([body("/id")]), { json: '{"id":["1","2"]}' }, "resource_malformed"],
    ["one where a list is expected", reading([body("/ids/*")]), { json: '{"ids":"1"}' }, "resource_malformed"],
    [
      "an object with numbers for names",
      reading([body("/ids/*")]),
      { json: '{"ids":{"0":"1"}}' },
      "resource_malformed",
    ],
    ["an object for an id", reading([body("/id")]), { json: '{"id":{"$ne":""}}' }, "resource_malformed"],
    ["a number for a text", reading([body("/id")]), { json: '{"id":1}' }, "resource_malformed"],
    ["an inherited member", reading([body("/constructor/name")]), { json: "{}" }, "resource_missing"],
    ["an empty id", reading([query()]), { search: "?id=" }, "resource_malformed"],
    ["an empty id between commas", reading([query("commas")]), { search: "?id=1,,2" }, "resource_malformed"],
    ["a blank that a reader trims", reading([query()]), { search: "?id=1%20" }, "resource_malformed"],
    ["a line's end", reading([query()]), { search: "?id=1%0A2" }, "resource_malformed"],
    ["a way through a path", reading([query()]), { search: "?id=.." }, "resource_malformed"],
    ["a way on through a path", reading([body("/id")]), { json: '{"id":"a/../7"}' }, "resource_malformed"],
    ["an id without an end", reading([query()]), { search: `?id=${"1".repeat(257)}` }, "resource_malformed"],
    ["a letter in its other spelling", reading([query()]), { search: "?id=e%CC%81" }, "resource_malformed"],

    ["a parameter twice", reading([query()]), { search: "?id=1&id=2" }, "resource_ambiguous"],
    ["commas only, repeated", reading([query("commas")]), { search: "?id=1&id=2" }, "resource_ambiguous"],
    ["PHP reads id[] as id", reading([query()]), { search: "?id=1&id[]=2" }, "resource_ambiguous"],
    ["and id[0]", reading([query("repeated")]), { search: "?id=1&id[0]=2" }, "resource_ambiguous"],
    [
      "PHP reads doc.id as doc_id",
      reading([query("no", "doc_id")]),
      { search: "?doc_id=1&doc.id=2" },
      "resource_ambiguous",
    ],
    ["and doc id", reading([query("no", "doc_id")]), { search: "?doc_id=1&doc+id=2" }, "resource_ambiguous"],
    ["and doc[id", reading([query("no", "doc_id")]), { search: "?doc_id=1&doc[id=2" }, "resource_ambiguous"],
    ["and doc.id[]", reading([query("repeated", "doc_id")]), { search: "?doc_id=1&doc.id[]=2" }, "resource_ambiguous"],
    ["a name that only begins alike is another", reading([query()]), { search: "?id=1&id_token=2&my.id=3" }, ["1"]],
    ["some read without regard to case", reading([query()]), { search: "?id=1&ID=2" }, "resource_ambiguous"],
    ["a name that is encoded is that name", reading([query()]), { search: "?id=1&%69d=2" }, "resource_ambiguous"],
    ["some take ; for &", reading([query()]), { search: "?id=1;id=2" }, "resource_ambiguous"],
    ["an encoded comma among commas", reading([query("commas")]), { search: "?id=1%2C2" }, "resource_ambiguous"],
    ["Go reads ID as id", reading([body("/id")]), { json: '{"id":"1","ID":"2"}' }, "resource_ambiguous"],
    ["and a long s as s", reading([body("/ids/*")]), { json: '{"ids":["1"],"id\u017f":["2"]}' }, "resource_ambiguous"],
    [
      "above the id as well",
      reading([body("/doc/id")]),
      { json: '{"doc":{"id":"1"},"Doc":{"id":"2"}}' },
      "resource_ambiguous",
    ],
    ["a member twice", reading([body("/id")]), { json: '{"id":"1","id":"2"}' }, "duplicate_name"],
    [
      "a member twice, once with escapes",
      reading([body("/id")]),
      { json: '{"id":"1","\\u0069d":"2"}' },
      "duplicate_name",
    ],
  ])("%s", (_, of, sent, expected) => {
    expect(idsOf(of, sent)).toEqual(expected);
  });

  it.each<[string, Sent, readonly string[] | string]>([
    ["the same one", { path: "/documents/1", json: '{"id":"1"}' }, ["1"]],
    ["another one", { path: "/documents/1", json: '{"id":"2"}' }, "resources_disagree"],
    ["none in the second place", { path: "/documents/1", json: "{}" }, "resource_missing"],
    ["a number in the second place", { path: "/documents/1", json: '{"id":1}' }, "resource_malformed"],
  ])("the path says 1, the body says %s", (_, sent, expected) => {
    expect(idsOf(reading([PATH, body("/id")]), sent)).toEqual(expected);
  });

  it("a batch agrees with a batch as sets do", () => {
    const of = reading([query("repeated"), body("/*")]);
    expect(idsOf(of, { search: "?id=1&id=2", json: '["2","1"]' })).toEqual(["1", "2"]);
    expect(idsOf(of, { search: "?id=1", json: '["1","2"]' })).toBe("resources_disagree");
    expect(idsOf(of, { search: "?id=1&id=2", json: '["1"]' })).toBe("resources_disagree");
  });

  it.each<[string, Sent, readonly string[] | string]>([
    ["a whole number", { json: '{"id":7}' }, ["7"]],
    ["a number that no double holds", { json: '{"id":9007199254740993}' }, ["9007199254740993"]],
    ["a text", { json: '{"id":"7"}' }, "resource_malformed"],
    ["a fraction", { json: '{"id":7.5}' }, "resource_malformed"],
    ["a negative one", { json: '{"id":-7}' }, "resource_malformed"],
    ["the other zero", { json: '{"id":-0}' }, "resource_malformed"],
    ["true", { json: '{"id":true}' }, "resource_malformed"],
    ["more digits than 64 bits have", { json: '{"id":18446744073709551617}' }, "resource_malformed"],
  ])("ids that are declared to be numbers: %s", (_, sent, expected) => {
    expect(idsOf(reading([body("/id")], { idType: "int" }), sent)).toEqual(expected);
  });

  it.each(["07", "+7", "7.0", "7e0", "0x7", "７", "7_", "-0", ""])(
    "the number %j in a path is 7 to some and something else to others",
    (text) => {
      const of = reading([PATH], { idType: "int" });
      expect(idsOf(of, { path: `/documents/${encodeURIComponent(text)}` })).toBe("resource_malformed");
      expect(idsOf(of, { path: "/documents/7" })).toEqual(["7"]);
    },
  );

  it("so many and no more", () => {
    const ids = (count: number) => Array.from({ length: count }, (_, at) => `"${at}"`).join();
    expect(idsOf(reading([body("/*")]), { json: `[${ids(MAX_RESOURCES)}]` })).toHaveLength(MAX_RESOURCES);
    expect(idsOf(reading([body("/*")]), { json: `[${ids(MAX_RESOURCES + 1)}]` })).toBe("resources_too_many");
    const inner = Array.from({ length: 11 }, () => `[${ids(10)}]`).join();
    expect(idsOf(reading([body("/*/*")]), { json: `[${inner}]` }), "all lists together").toBe("resources_too_many");
    const repeated = Array.from({ length: MAX_RESOURCES + 1 }, (_, at) => `id=${at}`).join("&");
    expect(idsOf(reading([query("repeated")]), { search: `?${repeated}` })).toBe("resources_too_many");
  });

  it("whatever stands where an id should be, it is read as it was sent or not at all", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const read = readResources(reading([body("/id")]), { segments: [], search: "", body: { id: value } });
        if (read.ok) expect(read.value).toEqual([{ id: value, attributes: {} }]);
        else expect(read.error).toMatch(/^resource/);
      }),
    );
  });
});

describe("attributes that the call tells", () => {
  const place = (name: string, type: AttributePlace["type"], at: Place): AttributePlace => ({ name, type, place: at });
  const read = (of: ResourceReading, json: unknown, search = "") => {
    const found = readResources(of, { segments: ["documents", "1"], search, body: json });
    return found.ok ? found.value : found.error;
  };

  it("come from path, query and body, by their declared types", () => {
    const of = reading([PATH], {
      attributes: [
        place("section", "string", { from: "path", segment: 0 }),
        place("draft", "bool", query("no", "draft")),
        place("amount", "double", body("/amount")),
        place("tags", "list<string>", body("/tags")),
        place("due", "timestamp", body("/due")),
        place("absent", "string", body("/absent")),
      ],
    });
    const sent = { amount: 1.5, tags: ["a"], due: "2026-01-01T00:00:00Z" };
    expect(read(of, sent, "?draft=true")).toEqual([
      { id: "1", attributes: { section: "documents", draft: true, ...sent } },
    ]);
  });

  it.each([
    ["a text for a number", "int", "7"],
    ["a fraction for a whole number", "int", 7.5],
    ["a number beyond a double", "int", 2n ** 60n],
    ["a text for a flag", "bool", "true"],
    ["a list for a text", "string", ["a"]],
    ["a text for a list", "list<string>", "a"],
    ["a list with something else in it", "list<string>", ["a", 1]],
    ["a day for a time", "timestamp", "2026-01-01"],
    ["null", "string", null],
    ["an object", "string", {}],
    ["more than is looked at", "string", "x".repeat(5_000)],
  ] as const)("%s refuses the call", (_, type, value) => {
    expect(read(reading([PATH], { attributes: [place("a", type, body("/a"))] }), { a: value })).toBe(
      "attribute_malformed",
    );
  });

  it("of a batch belong to their own items: the same id with two words for it is decided on twice", () => {
    const of = reading([body("/items/*/id")], { attributes: [place("to", "string", body("/items/*/to"))] });
    const items = [
      { id: "1", to: "a" },
      { id: "1", to: "b" },
      { id: "2", to: "c" },
    ];
    expect(read(of, { items })).toEqual([
      { id: "1", attributes: { to: "a" } },
      { id: "1", attributes: { to: "b" } },
      { id: "2", attributes: { to: "c" } },
    ]);
  });
});
