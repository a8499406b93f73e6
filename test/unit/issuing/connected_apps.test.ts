import { describe, expect, it } from "vitest";
import { type Connections, withdrawAccess } from "../../../src/issuing/connected_apps.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import type { ClientId, UserId } from "../../../src/protocol/ids.ts";

const NOW = 1_700_000_000_000;
const USER = "usr_ada" as UserId;
const CLIENT = "cli_app" as ClientId;
const STEPS = ["consent", "grants"] as const;

/** Where access is withdrawn, with what was done there, in order; `broken` is out. */
function connections(broken: (typeof STEPS)[number] | null) {
  const done: string[] = [];
  const step = async (name: (typeof STEPS)[number]) => {
    if (name === broken) throw new Outage(name);
    done.push(name);
  };
  const parts = { consents: { withdraw: () => step("consent") }, accounts: { endGrantsOf: () => step("grants") } };
  return { done, parts: parts as unknown as Connections };
}

describe("V10.7.3: access is withdrawn in two places", () => {
  it("the consent first: whatever fails, no client is left that could fetch a grant again without asking", async () => {
    const { done, parts } = connections(null);
    await withdrawAccess(USER, CLIENT, parts, NOW);
    expect(done).toEqual(STEPS);
  });

  it.each([
    ["the consents are out: no grant has ended as if all had been taken back", "consent", []],
    ["the account is out: the next visit asks, and the person is told to try again", "grants", ["consent"]],
  ] as const)("%s", async (_, broken, left) => {
    const { done, parts } = connections(broken);
    await expect(withdrawAccess(USER, CLIENT, parts, NOW)).rejects.toBeInstanceOf(Outage);
    expect(done).toEqual(left);
  });
});
