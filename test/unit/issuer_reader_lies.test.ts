import { describe, expect, it } from "vitest";
import { remoteIssuerReader, remoteKeyRing } from "../../src/adapters/remote/remote.ts";
import { Outage } from "../../src/kernel/outage.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { newSessionId, newUserId } from "../../src/protocol/ids.ts";
import { newKeyWith } from "../support/keys.ts";

/** An issuer of another release, or none at all, behind the service binding. */
const issuerThat = (answers: object) => remoteIssuerReader(() => answers as never);

function without(record: object, member: string): object {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== member));
}

describe("the issuer behind a service binding is believed in nothing that cannot be read", () => {
  it("a record comes as it was sent", async () => {
    const { record } = await newKeyWith({ owner: null });
    expect(await issuerThat({ findApiKey: async () => structuredClone(record) }).findApiKey("x")).toEqual(record);
    expect(await issuerThat({ findApiKey: async () => null }).findApiKey("x")).toBeNull();
  });

  it.each<[string, (record: object) => unknown]>([
    ["one that does not say whether it is disabled", (record) => without(record, "disabled")],
    ["one that does not say when it ends", (record) => without(record, "expiresAtMs")],
    ["one with terms that nobody here can read", (record) => ({ ...record, terms: { networks: ["any"] } })],
    ["one with a member more", (record) => ({ ...record, admin: true })],
    ["a text", () => "record"],
    ["nothing at all", () => undefined],
  ])("%s opens nothing: an outage", async (_, lie) => {
    const { record } = await newKeyWith();
    const told = lie(record);
    await expect(issuerThat({ findApiKey: async () => told }).findApiKey("x")).rejects.toBeInstanceOf(Outage);
  });

  const PROOF = { sealed: "AAAA", secretHash: "AAAA" };
  const STANDING = {
    sessionId: newSessionId(platformRandom),
    userId: newUserId(platformRandom),
    userEpoch: 1,
    roles: ["manager"],
    authTimeMs: 1,
    amr: ["pwd"],
    acr: null,
    endsAtMs: 2,
  };

  it("a session comes as it was sent", async () => {
    expect(await issuerThat({ findSession: async () => STANDING }).findSession(PROOF)).toEqual(STANDING);
    expect(await issuerThat({ findSession: async () => null }).findSession(PROOF)).toBeNull();
  });

  it.each<[string, unknown]>([
    ["of nobody", without(STANDING, "userId")],
    ["of a client", { ...STANDING, userId: "cli_0000000000000000000000" }],
    ["without an epoch", without(STANDING, "userEpoch")],
    ["whose roles are one text", { ...STANDING, roles: "manager" }],
    ["that never ends", { ...STANDING, endsAtMs: Number.POSITIVE_INFINITY }],
    ["with a member more", { ...STANDING, scopes: ["admin"] }],
    ["that is nothing", undefined],
    ["that is true", true],
  ])("a session %s opens nothing: an outage", async (_, told) => {
    await expect(issuerThat({ findSession: async () => told }).findSession(PROOF)).rejects.toBeInstanceOf(Outage);
  });

  const BOOK = { version: 3, hash: "a".repeat(64), text: "{}" };

  it("a role book comes as it was sent", async () => {
    expect(await issuerThat({ roleBook: async () => BOOK }).roleBook()).toEqual(BOOK);
  });

  it.each<[string, unknown]>([
    ["without a version", without(BOOK, "version")],
    ["of half a version", { ...BOOK, version: 1.5 }],
    ["that is too large", { ...BOOK, text: "x".repeat(256 * 1024 + 1) }],
    ["with a member more", { ...BOOK, everybody: ["document:read"] }],
    ["that is nothing", null],
  ])("a role book %s is none: an outage", async (_, told) => {
    await expect(issuerThat({ roleBook: async () => told }).roleBook()).rejects.toBeInstanceOf(Outage);
  });

  const SUBJECT = {
    id: "usr_1",
    scopes: [],
    roles: ["viewer"],
    assignments: [{ role: "editor", tenant: "acme", untilMs: null }],
    attributes: { department: "sales" },
    disabled: false,
    expiresAtMs: null,
  };

  it("subjects come as they were sent", async () => {
    const reader = issuerThat({ findSubjects: async () => [SUBJECT, null] });
    expect(await reader.findSubjects("user", ["usr_1", "usr_2"])).toEqual([SUBJECT, null]);
  });

  it.each<[string, unknown]>([
    ["fewer than were asked about", []],
    ["others than were asked about", [{ ...SUBJECT, id: "usr_2" }]],
    ["one that does not say whether it is disabled", [without(SUBJECT, "disabled")]],
    [
      "one with a tenant that is no text",
      [{ ...SUBJECT, assignments: [{ role: "editor", tenant: 1, untilMs: null }] }],
    ],
    ["one with an attribute that is an object", [{ ...SUBJECT, attributes: { department: {} } }]],
    ["one with a member more", [{ ...SUBJECT, permissions: ["document:*"] }]],
  ])("%s are an outage", async (_, told) => {
    const reader = issuerThat({ findSubjects: async () => told });
    await expect(reader.findSubjects("user", ["usr_1"])).rejects.toBeInstanceOf(Outage);
  });

  it("an issuer that knows no such question is an outage", async () => {
    await expect(issuerThat({}).findSession(PROOF)).rejects.toBeInstanceOf(Outage);
  });

  it.each([null, undefined, "keys", {}, { version: 1 }, { version: "1", keys: [] }, { version: 1, keys: {} }])(
    "keys that read %j are an outage, for the issuer and for a ring",
    async (told) => {
      const published = async () => told;
      await expect(issuerThat({ published }).published()).rejects.toBeInstanceOf(Outage);
      const ring = remoteKeyRing("identity_keys", () => ({ published }) as never);
      await expect(ring.published()).rejects.toMatchObject({ dependency: "identity_keys" });
    },
  );

  const ASKED = { schema: "{}", checks: [] };
  const TOLD = { revision: 7, findings: [{ answer: true, reads: [1, 4_095] }] };

  it("answers about relations come as they were sent", async () => {
    const undecided = { revision: 0, findings: [{ answer: "undecided", reads: null }] };
    for (const told of [TOLD, undecided])
      expect(await issuerThat({ checkRelations: async () => told }).checkRelations(ASKED)).toEqual(told);
  });

  it.each<[string, unknown]>([
    ["that are of no revision", without(TOLD, "revision")],
    ["of a revision before the first", { ...TOLD, revision: -1 }],
    ["that are neither yes nor no", { ...TOLD, findings: [{ answer: "yes", reads: [] }] }],
    ["that hang on nothing that is known here", { ...TOLD, findings: [{ answer: true, reads: [4_096] }] }],
    ["that do not say what they hang on", { ...TOLD, findings: [{ answer: true }] }],
    ["with a member more", { ...TOLD, findings: [{ answer: true, reads: [], path: [] }] }],
    ["that are too many", { ...TOLD, findings: Array.from({ length: 101 }, () => ({ answer: true, reads: [] })) }],
    ["that are nothing", undefined],
  ])("answers about relations %s are an outage", async (_, told) => {
    await expect(issuerThat({ checkRelations: async () => told }).checkRelations(ASKED)).rejects.toBeInstanceOf(Outage);
  });

  const SOUGHT = { schema: "{}", sought: "objects", type: "record", to: { type: "user", id: "usr_1" } } as const;
  const CANDIDATES = { ids: ["2", "3"], isLast: false, isWhole: true };
  const sought = (told: unknown, after: string | null = "1", limit = 2) =>
    issuerThat({ relatedIds: async () => told }).relatedIds({ ...SOUGHT, after, limit });

  it("candidates of a search come as they were sent", async () => {
    expect(await sought(CANDIDATES)).toEqual(CANDIDATES);
    expect(await sought(CANDIDATES, null)).toEqual(CANDIDATES);
  });

  it.each<[string, unknown]>([
    ["that are more than were asked for", { ...CANDIDATES, ids: ["2", "3", "4"] }],
    ["of the page before, with which a search would never end", { ...CANDIDATES, ids: ["1", "2"] }],
    ["out of their order", { ...CANDIDATES, ids: ["3", "2"] }],
    ["that stand there twice", { ...CANDIDATES, ids: ["2", "2"] }],
    ["that are no ids", { ...CANDIDATES, ids: ["2#viewer@user:usr_1"] }],
    ["that do not say whether there are more", without(CANDIDATES, "isLast")],
    ["with a member more", { ...CANDIDATES, allowed: true }],
    ["that are nothing", null],
  ])("candidates of a search %s are an outage", async (_, told) => {
    await expect(sought(told)).rejects.toBeInstanceOf(Outage);
  });

  it("an issuer that knows no relations yet is an outage", async () => {
    await expect(issuerThat({}).checkRelations(ASKED)).rejects.toBeInstanceOf(Outage);
  });
});
