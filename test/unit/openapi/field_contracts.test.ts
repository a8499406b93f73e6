import { describe, expect, it } from "vitest";
import type { FieldAudience } from "../../../src/openapi/field_tree.ts";
import type { FieldRights } from "../../../src/policy/field_grants.ts";
import { contractFor, type Json, type Properties, read, send, type Unlisted } from "../../support/field_contract.ts";

const HR: FieldAudience = ["role:hr"];
const TABLE: Properties = {
  "/name": { read: "anyone", write: "anyone" },
  "/pay": { read: ["role:hr", "role:boss"], write: HR },
  "/pay/bonus": { read: HR },
  "/home": { read: HR, write: "nobody" },
  "/home/city": { read: HR },
  "/jobs/*/title": { read: "anyone", write: HR },
};
const WHOLE: Json = {
  name: "a",
  pay: { base: 1, bonus: 2 },
  home: { city: "c", street: "s" },
  jobs: [{ title: "t", place: "p" }],
  other: 1,
};

describe("who reads what: a table", () => {
  it.each<[string, readonly string[], Unlisted, Json]>([
    ["nobody in particular", [], "nobody", { name: "a", jobs: [{ title: "t" }] }],
    ["a boss, but for a part", ["boss"], "nobody", { name: "a", pay: { base: 1 }, jobs: [{ title: "t" }] }],
    [
      "hr",
      ["hr"],
      "nobody",
      { name: "a", pay: { base: 1, bonus: 2 }, home: { city: "c", street: "s" }, jobs: [{ title: "t" }] },
    ],
    ["nobody in particular", [], "anyone", { name: "a", jobs: [{ title: "t", place: "p" }], other: 1 }],
    ["another spelling of a role", ["HR", "role:hr"], "nobody", { name: "a", jobs: [{ title: "t" }] }],
  ])("%s %j, others %s", (_, roles, unlisted, seen) => {
    expect(read(contractFor("GET", TABLE, unlisted), WHOLE, roles)).toEqual(seen);
  });
});

describe("who writes what: a table", () => {
  it.each<[string, Json, readonly string[], Unlisted, string]>([
    ["POST", { name: "b" }, [], "nobody", "fits"],
    ["POST", { pay: 1 }, [], "nobody", "unwritable"],
    ["POST", { pay: { bonus: 1 } }, [], "nobody", "unwritable"],
    ["POST", { pay: { bonus: 1 } }, ["hr"], "nobody", "fits"],
    ["POST", { home: { city: "c" } }, ["hr"], "anyone", "invalid"],
    ["POST", { other: 1 }, ["hr"], "nobody", "invalid"],
    ["POST", { other: 1 }, [], "anyone", "fits"],
    ["POST", { jobs: [{ title: "t" }] }, [], "anyone", "unwritable"],
    ["POST", { jobs: [{ place: "p" }] }, [], "nobody", "invalid"],
    ["POST", { jobs: [{ place: "p" }] }, [], "anyone", "fits"],
    ["POST", { jobs: { 0: { title: "t" } } }, ["hr"], "anyone", "invalid"],
    ["POST", { jobs: null }, ["hr"], "nobody", "invalid"],
    ["PATCH", { jobs: [] }, [], "anyone", "unwritable"],
    ["PATCH", { jobs: [] }, ["hr"], "nobody", "fits"],
    ["PATCH", { jobs: null }, [], "anyone", "unwritable"],
    ["PATCH", { pay: null }, ["hr"], "nobody", "fits"],
    ["PUT", { name: "b" }, [], "anyone", "unwritable"],
    ["PUT", { name: "b" }, ["hr"], "nobody", "fits"],
    ["POST", [{ name: "b" }], ["hr"], "nobody", "invalid"],
  ])("%s %j by %j, others %s: %s", (method, body, roles, unlisted, outcome) => {
    const sent = send(contractFor(method, TABLE, unlisted), body, { roles });
    expect(sent === JSON.stringify(body) ? "fits" : sent).toBe(outcome);
  });

  it("a body that leaves its resources out is refused: sent for the whole it would take them away", () => {
    const request = { at: "/data/notes/*", beside: ["/dryRun"] };
    const contract = contractFor("PUT", { "/name": { write: "anyone" } }, "nobody", { request });
    const whole = { data: { notes: [{ name: "a" }] }, dryRun: true };
    expect(send(contract, whole, {})).toBe(JSON.stringify(whole));
    const bodies: Json[] = [
      {},
      { dryRun: true },
      { data: {} },
      { data: { notes: null } },
      { data: { notes: {} } },
      { data: null },
    ];
    for (const body of bodies) {
      expect(send(contract, body, {}), JSON.stringify(body)).toBe("invalid");
    }
  });

  it("items that nobody may write are in no list that is sent", () => {
    const contract = contractFor("POST", { "/a": { write: "anyone" }, "/a/*": { write: "nobody" } }, "nobody");
    expect([send(contract, { a: [1] }, {}), send(contract, { a: [] }, {})]).toEqual(["invalid", '{"a":[]}']);
  });

  it("of several resources the writer needs a relation to each, whichever gives it", () => {
    const contract = contractFor("POST", { "/a": { write: ["relation:owner", "relation:editor"] } }, "nobody");
    const has: Readonly<Record<string, string>> = { "1": "owner", "2": "editor" };
    const related: FieldRights["related"] = ({ id }, relation) => has[id] === relation;
    const of = (...ids: string[]) =>
      send(contract, { a: 1 }, { related, resources: ids.map((id) => ({ type: "note", id })) });
    expect([of("1"), of("1", "2"), of("1", "3"), of("3"), of()].map((sent) => sent !== "unwritable")).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
