import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTuple, principalRef, tupleText } from "../../../src/policy/relations/terms.ts";

const name = fc
  .stringMatching(/^[a-z][a-z0-9_]{0,8}$/)
  .filter((text) => !["or", "and", "but", "not", "of"].includes(text));
const id = fc.stringMatching(/^[A-Za-z0-9._~%|+=-]{1,20}$/);
const tuple = fc.record({
  object: fc.record({ type: name, id }),
  relation: name,
  subject: fc.record({ type: name, id, relation: name }, { requiredKeys: ["type", "id"] }),
});

describe("the text of a tuple", () => {
  it("is read as the tuple that it was written from, and no two tuples share one", () => {
    fc.assert(
      fc.property(tuple, (written) => {
        expect(parseTuple(tupleText(written))).toEqual(written);
      }),
    );
    fc.assert(
      fc.property(tuple, tuple, (a, b) => {
        if (tupleText(a) === tupleText(b)) expect(a).toEqual(b);
      }),
    );
  });

  it.each([
    ["a second relation", "document:1#viewer#owner@user:1"],
    ["a second subject", "document:1#viewer@user:1@user:2"],
    ["an id that carries a relation of its own", "document:1#owner@user:x#viewer@user:1"],
    ["an id with a colon", "document:1:2#viewer@user:1"],
    ["no relation", "document:1@user:1"],
    ["no subject", "document:1#viewer"],
    ["an empty id", "document:#viewer@user:1"],
    ["an empty type", ":1#viewer@user:1"],
    ["everybody", "document:1#viewer@user:*"],
    ["white space", "document:1 #viewer@user:1"],
    ["a line break at the end", "document:1#viewer@user:1\n"],
    ["a letter that only looks like one", "document:1#viewer@user:\u0430lice"],
    ["a type in capitals", "Document:1#viewer@user:1"],
    ["a word of the language", "document:1#of@user:1"],
    ["a name of an object's own", "document:1#__proto__@user:1"],
    ["an id of 257 characters", `document:${"1".repeat(257)}#viewer@user:1`],
    ["nothing", ""],
  ])("is not read with %s", (_, text) => {
    expect(parseTuple(text)).toBeNull();
  });
});

describe("whom tuples mean by a principal", () => {
  const own = "https://issuer.example";

  it("is somebody of our own by the id alone, as is an API key", () => {
    expect(principalRef({ kind: "user", id: "usr_1", issuer: own }, own)).toEqual({ type: "user", id: "usr_1" });
    expect(principalRef({ kind: "api_key", id: "key_1", issuer: null }, own)).toEqual({ type: "api_key", id: "key_1" });
  });

  it("is somebody of another issuer by both, whatever that issuer chooses as a subject", () => {
    const hostile = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("usr_1", "a|b", "https%3A", "!*'()", "\ud800"),
    );
    fc.assert(
      fc.property(hostile, fc.webUrl(), (sub, issuer) => {
        const { id: named } = principalRef({ kind: "user", id: sub, issuer }, own);
        expect(named).toMatch(/^[A-Za-z0-9._~%-]+\|[A-Za-z0-9._~%-]*$/);
        expect(named).not.toBe(sub);
      }),
      { numRuns: 30 },
    );
    const foreign = principalRef({ kind: "user", id: "auth0|7", issuer: "https://t.example/" }, own);
    expect(foreign.id).toBe("https%3A%2F%2Ft.example%2F|auth0%7C7");
  });
});
