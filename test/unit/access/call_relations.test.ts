import { describe, expect, it } from "vitest";
import { CallRelations, UndecidedRelation } from "../../../src/access/call_relations.ts";
import type { RelationCheck } from "../../../src/policy/decision_facts.ts";
import { tupleText } from "../../../src/policy/relations/terms.ts";
import type { RelationAnswer, RelationCall, RelationFacts } from "../../../src/ports/relation_facts.ts";

const OWN = "https://issuer.example";
const CALL: RelationCall = { nowMs: 1_000, view: { leastEpoch: () => 0 }, defer: () => undefined, atLeast: 0 };

/** Facts that know nothing by themselves and fetch what `answers` says. */
function fetched(answers: Readonly<Record<string, RelationAnswer>>) {
  const asked: string[] = [];
  const facts: RelationFacts = {
    known: () => undefined,
    resolve: async (checks) => {
      asked.push(...checks.map(tupleText));
      return checks.map((check) => answers[tupleText(check)] ?? false);
    },
  };
  return { facts, asked };
}

function viewer(userId: string): RelationCheck {
  return { object: { type: "document", id: "1" }, relation: "viewer", subject: { type: "user", id: userId } };
}

describe("the relations of one call", () => {
  it("are unknown until they are fetched, and then hold for the call even where memory forgot them", async () => {
    const { facts } = fetched({ "document:1#viewer@user:usr_1": true });
    const relations = new CallRelations(facts, CALL, { kind: "user", id: "usr_1", issuer: OWN }, OWN);
    expect(relations.known(viewer("usr_1"))).toBeUndefined();
    await relations.resolve([viewer("usr_1")]);
    expect(relations.known(viewer("usr_1"))).toBe(true);
  });

  it("a subject of another issuer does not have what a person of ours has who is called alike", async () => {
    const { facts, asked } = fetched({ "document:1#viewer@user:usr_1": true });
    const foreign = { kind: "user", id: "usr_1", issuer: "https://evil.example" };
    const relations = new CallRelations(facts, CALL, foreign, OWN);
    await relations.resolve([viewer("usr_1")]);
    expect(relations.known(viewer("usr_1"))).toBe(false);
    expect(asked).toEqual(["document:1#viewer@user:https%3A%2F%2Fevil.example|usr_1"]);
  });

  it("what is undecided is no answer: whoever asks fails", async () => {
    const { facts } = fetched({ "document:1#viewer@user:usr_1": "undecided" });
    const relations = new CallRelations(facts, CALL, { kind: "user", id: "usr_1", issuer: OWN }, OWN);
    await relations.resolve([viewer("usr_1")]);
    expect(() => relations.known(viewer("usr_1"))).toThrow(UndecidedRelation);
  });
});
