import { describe, expect, it } from "vitest";
import {
  keepHoldings,
  keptHoldings,
  NO_ROLES_COPY,
  type RolesCopy,
  unsettledRoles,
} from "../../../src/protocol/roles_copy.ts";
import { holding } from "../../support/grants.ts";

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const EPOCH = 4;
const STAFF: RolesCopy = keepHoldings(NO_ROLES_COPY, holding("staff"), EPOCH, NOW);

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
    ["having no role is an answer", keepHoldings(NO_ROLES_COPY, holding(), EPOCH, NOW), NOW, []],
  ])("%s", (_, copy, atMs, roles) => {
    expect(keptHoldings(copy, EPOCH, atMs)).toEqual(roles === null ? null : holding(...roles));
  });

  it("none is kept for a minute from the word that they change, and then the directory's", () => {
    const unsettled = unsettledRoles(STAFF, NOW);
    expect(keepHoldings(unsettled, holding("staff"), EPOCH, NOW + MINUTE - 1)).toBe(unsettled);
    expect(keptHoldings(keepHoldings(unsettled, holding("auditor"), EPOCH, NOW + MINUTE), EPOCH, NOW + MINUTE)).toEqual(
      holding("auditor"),
    );
  });

  it("the end of everything does not shorten that minute, nor does a second word by a clock that is behind", () => {
    const copy = unsettledRoles(unsettledRoles(STAFF, NOW), NOW - 10_000);
    for (const epoch of [EPOCH, EPOCH + 1])
      expect(keepHoldings(copy, holding("staff"), epoch, NOW + MINUTE - 1)).toBe(copy);
  });

  it("what is known already is not written again before half its time is over", () => {
    expect(keepHoldings(STAFF, holding("staff"), EPOCH, NOW + 30 * MINUTE - 1)).toBe(STAFF);
    expect(keepHoldings(STAFF, holding("staff"), EPOCH, NOW + 30 * MINUTE)).toEqual({
      ...STAFF,
      keptAtMs: NOW + 30 * MINUTE,
    });
    expect(keepHoldings(STAFF, holding("staff"), EPOCH + 1, NOW + 1)).toMatchObject({
      epoch: EPOCH + 1,
      keptAtMs: NOW + 1,
    });
    expect(keepHoldings(STAFF, holding("staff", "auditor"), EPOCH, NOW + 1).holdings).toEqual(
      holding("staff", "auditor"),
    );
  });

  it("what else is known of a user is part of it: a tenant's role, an end, an attribute", () => {
    const assignment = { role: "editor", tenant: "acme", untilMs: null };
    for (const more of [
      { assignments: [assignment] },
      { assignments: [{ ...assignment, untilMs: 5 }] },
      { attributes: { department: "sales" } },
    ]) {
      const held = { ...holding("staff"), ...more };
      expect(keepHoldings(STAFF, held, EPOCH, NOW + 1).holdings).toEqual(held);
    }
  });

  it("a copy that an earlier release kept, under another name, is none; its word that roles change counts", () => {
    const earlier = {
      roles: ["staff"],
      epoch: EPOCH,
      keptAtMs: NOW,
      unsettledUntilMs: NOW + MINUTE,
    } as unknown as RolesCopy;
    expect(keptHoldings(earlier, EPOCH, NOW)).toBeNull();
    expect(keepHoldings(earlier, holding("staff"), EPOCH, NOW)).toBe(earlier);
    expect(keepHoldings(earlier, holding("staff"), EPOCH, NOW + MINUTE).holdings).toEqual(holding("staff"));
  });
});
