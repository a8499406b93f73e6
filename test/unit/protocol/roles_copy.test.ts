import { describe, expect, it } from "vitest";
import {
  keepRoles,
  keptRoles,
  NO_ROLES_COPY,
  type RolesCopy,
  unsettledRoles,
} from "../../../src/protocol/roles_copy.ts";

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const EPOCH = 4;
const STAFF: RolesCopy = keepRoles(NO_ROLES_COPY, ["staff"], EPOCH, NOW);

describe("the roles that an account answers with", () => {
  it.each<[string, RolesCopy, number, readonly string[] | null]>([
    ["none before the directory was asked", NO_ROLES_COPY, NOW, null],
    ["those that the directory said", STAFF, NOW, ["staff"]],
    ["for an hour", STAFF, NOW + 60 * MINUTE - 1, ["staff"]],
    ["and no longer, whatever happens", STAFF, NOW + 60 * MINUTE, null],
    ["also where another clock is a little behind", STAFF, NOW - 2_000, ["staff"]],
    ["none where a clock was hours ahead", STAFF, NOW - 60 * MINUTE, null],
    ["none of before everything ended", { ...STAFF, epoch: EPOCH - 1 }, NOW, null],
    ["none once they are about to change", unsettledRoles(STAFF, NOW), NOW, null],
    ["having no role is an answer", keepRoles(NO_ROLES_COPY, [], EPOCH, NOW), NOW, []],
  ])("%s", (_, copy, atMs, roles) => {
    expect(keptRoles(copy, EPOCH, atMs)).toEqual(roles);
  });

  it("none is kept for a minute from the word that they change, and then the directory's", () => {
    const unsettled = unsettledRoles(STAFF, NOW);
    expect(keepRoles(unsettled, ["staff"], EPOCH, NOW + MINUTE - 1)).toBe(unsettled);
    expect(keptRoles(keepRoles(unsettled, ["auditor"], EPOCH, NOW + MINUTE), EPOCH, NOW + MINUTE)).toEqual(["auditor"]);
  });

  it("the end of everything does not shorten that minute, nor does a second word by a clock that is behind", () => {
    const copy = unsettledRoles(unsettledRoles(STAFF, NOW), NOW - 10_000);
    for (const epoch of [EPOCH, EPOCH + 1]) expect(keepRoles(copy, ["staff"], epoch, NOW + MINUTE - 1)).toBe(copy);
  });

  it("what is known already is not written again before half its time is over", () => {
    expect(keepRoles(STAFF, ["staff"], EPOCH, NOW + 30 * MINUTE - 1)).toBe(STAFF);
    expect(keepRoles(STAFF, ["staff"], EPOCH, NOW + 30 * MINUTE)).toEqual({ ...STAFF, keptAtMs: NOW + 30 * MINUTE });
    expect(keepRoles(STAFF, ["staff"], EPOCH + 1, NOW + 1)).toMatchObject({ epoch: EPOCH + 1, keptAtMs: NOW + 1 });
    expect(keepRoles(STAFF, ["staff", "auditor"], EPOCH, NOW + 1).roles).toEqual(["staff", "auditor"]);
  });
});
