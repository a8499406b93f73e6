import { describe, expect, it } from "vitest";
import { platformRandom } from "../../src/kernel/random.ts";
import { usableHashes } from "../../src/managing/api_key_rules.ts";
import { patchApiKey } from "../../src/managing/change_api_key.ts";
import { type ClientPatch, clientEntries, patchClient } from "../../src/managing/change_client.ts";
import { applyPatch } from "../../src/managing/patch.ts";
import { rotateStrings } from "../../src/managing/rotate_api_key.ts";
import type { ApiKey, ApiKeySecretRecord } from "../../src/ports/api_keys.ts";
import type { ClientRecord } from "../../src/ports/clients.ts";
import { apiKeyAnnounced, apiKeyChanged } from "../../src/protocol/api_key_entries.ts";
import { newApiKeyId, newClientId } from "../../src/protocol/ids.ts";
import { NO_PEOPLE } from "../../src/protocol/person_facing.ts";
import { UNBOUND } from "../support/keys.ts";

const NOW = 1_800_000_000_000;
const HOUR_MS = 3_600_000;

const CLIENT: ClientRecord = {
  id: newClientId(platformRandom),
  name: "Robot",
  authMethods: ["client_secret_basic"],
  grantTypes: ["client_credentials"],
  scopes: ["a", "b"],
  person: NO_PEOPLE,
  defaultScopes: null,
  roles: ["clerk"],
  assignments: [],
  attributes: {},
  disabled: false,
  epoch: 3,
  version: 7,
  createdAtMs: 1,
  updatedAtMs: 2,
};

function string(hash: string, expiresAtMs: number | null = null): ApiKeySecretRecord {
  return { hash, lastFour: hash.slice(-4), createdAtMs: 1, expiresAtMs };
}

const KEY: ApiKey = {
  id: newApiKeyId(platformRandom),
  name: "CI",
  environment: "test",
  kind: "secret",
  scopes: ["a"],
  roles: [],
  assignments: [],
  attributes: {},
  ...UNBOUND,
  lastUsedAtMs: null,
  leak: null,
  disabled: false,
  expiresAtMs: null,
  epoch: 4,
  createdAtMs: 1,
  updatedAtMs: 2,
  secrets: [string("current"), string("previous", NOW + HOUR_MS), string("over", NOW)],
};

describe("a patch", () => {
  it.each<[string, object]>([
    ["nothing", {}],
    ["undefined members", { name: undefined, list: undefined }],
    ["the same value", { name: "x" }],
    ["an equal list", { list: ["a", "b"] }],
    ["null where null is", { end: null }],
    ["an equal object, its members in another order", { notes: { b: "2", a: "1" } }],
  ])("of %s changes nothing", (_name, patch) => {
    expect(applyPatch({ name: "x", list: ["a", "b"], end: null, notes: { a: "1", b: "2" } }, patch)).toBeNull();
  });

  it.each<[string, object, object]>([
    ["another value", { name: "y" }, { name: "y" }],
    ["a list in another order", { list: ["b", "a"] }, { list: ["b", "a"] }],
    ["a list for null", { end: [] }, { end: [] }],
    ["one of two members", { name: "x", list: [] }, { list: [] }],
  ])("of %s changes that alone", (_name, patch, changed) => {
    const before = { name: "x", list: ["a", "b"], end: null };
    expect(applyPatch<Record<string, unknown>>(before, patch)).toEqual({ ...before, ...changed });
    expect(before.name).toBe("x");
  });
});

describe("a client's change", () => {
  it.each<[string, ClientPatch, epoch: number]>([
    ["a new name", { name: "x" }, 3],
    ["one more scope", { scopes: ["a", "b", "c"] }, 3],
    ["scopes in another order", { scopes: ["b", "a"] }, 3],
    ["other defaults", { defaultScopes: ["a"] }, 3],
    ["one more role", { roles: ["clerk", "boss"] }, 3],
    ["another way to authenticate", { authMethods: ["client_secret_post"] }, 3],
    ["one scope less", { scopes: ["a"] }, 4],
    ["one scope for another", { scopes: ["a", "c"] }, 4],
    ["no roles", { roles: [] }, 4],
    ["disabling", { disabled: true }, 4],
    ["everything at once", { disabled: true, scopes: [], roles: [] }, 4],
  ])("of %s grows the version, and the epoch only where a power goes", (_name, patch, epoch) => {
    const after = patchClient(CLIENT, patch, NOW);
    expect(after).toMatchObject({ ...patch, version: 8, epoch, updatedAtMs: NOW, id: CLIENT.id, createdAtMs: 1 });
    const kinds = after === null ? [] : clientEntries(CLIENT, after, NOW).map(({ kind }) => kind);
    expect(kinds).toEqual(epoch === 4 ? ["config", "client"] : ["config"]);
  });

  it("enabling does not bring old tokens back: the epoch stays", () => {
    expect(patchClient({ ...CLIENT, disabled: true }, { disabled: false }, NOW)).toMatchObject({
      epoch: 3,
      version: 8,
    });
  });
});

describe("an API key's change", () => {
  it("grows the epoch by one and drops strings whose overlap is over", () => {
    const after = patchApiKey(KEY, { name: "x" }, NOW);
    expect(after).toMatchObject({ name: "x", epoch: 5, updatedAtMs: NOW });
    expect(after?.secrets.map(({ hash }) => hash)).toEqual(["current", "previous"]);
  });

  it.each<[string, Partial<ApiKey>, readonly string[]]>([
    ["a live key", {}, ["current", "previous"]],
    ["a disabled key", { disabled: true }, []],
    ["a key whose end has come", { expiresAtMs: NOW }, []],
    ["a key that will end", { expiresAtMs: NOW + 1 }, ["current", "previous"]],
  ])("%s is announced by its usable strings alone", (_name, fields, hashes) => {
    expect(usableHashes({ ...KEY, ...fields }, NOW)).toEqual(hashes);
  });

  it.each<[string, number, Partial<ApiKey>, readonly [string, number | null][]]>([
    [
      "an hour",
      HOUR_MS,
      {},
      [
        ["new", null],
        ["current", NOW + HOUR_MS],
      ],
    ],
    ["nothing", 0, {}, [["new", null]]],
    [
      "more than the key has left",
      HOUR_MS,
      { expiresAtMs: NOW + 5 },
      [
        ["new", null],
        ["current", NOW + 5],
      ],
    ],
    ["an hour of a key that has ended", HOUR_MS, { expiresAtMs: NOW - 5 }, [["new", null]]],
  ])("a rotation with an overlap of %s leaves two strings at most", (_name, overlapMs, fields, strings) => {
    const after = rotateStrings({ ...KEY, ...fields }, string("new"), overlapMs, NOW);
    expect(after.secrets.map(({ hash, expiresAtMs }) => [hash, expiresAtMs])).toEqual(strings);
    expect(after.epoch).toBe(5);
  });
});

describe("an API key's entries", () => {
  it("DESIGN 4: the id for a day, each usable string for five minutes, under the new epoch", () => {
    expect(apiKeyChanged(KEY.id, 5, ["h1", "h2"], NOW)).toEqual([
      { kind: "api_key", id: KEY.id, epoch: 5, untilMs: NOW + 24 * HOUR_MS },
      { kind: "api_key", id: "h1", epoch: 5, untilMs: NOW + 300_000 },
      { kind: "api_key", id: "h2", epoch: 5, untilMs: NOW + 300_000 },
    ]);
  });

  it("of a key without usable strings announce nothing", () => {
    expect(apiKeyChanged(KEY.id, 5, [], NOW)).toHaveLength(1);
  });

  it("of a new key are its announcement alone", () => {
    expect(apiKeyAnnounced("h", 1, NOW)).toEqual({ kind: "api_key", id: "h", epoch: 1, untilMs: NOW + 300_000 });
  });
});
