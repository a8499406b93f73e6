import { expect, it } from "vitest";
import { AddressBudgets } from "../../src/adapters/address_budgets.ts";
import type { GuessesObject, Pace } from "../../src/ports/guesses_object.ts";

it.each([
  [300, [300, 1_200, 4_800]],
  [10_000, [10_000, 40_000, 100_000]],
  [100_000, [100_000, 100_000, 100_000]],
  [1_000_000, [1_000_000, 1_000_000, 1_000_000]],
])("of a budget of %i an object counts %j: what a network is given fits into its object", async (most, given) => {
  const paces: Pace[] = [];
  const take = async (pace: Pace) => {
    paces.push(pace);
    return null;
  };
  const budgets = new AddressBudgets((_, call) => call({ take } as unknown as GuessesObject));
  const networks = [
    { key: "home", times: 4 },
    { key: "site", times: 16 },
  ];
  await budgets.take({ kind: "transactions_by_address", key: "own", networks }, { most, windowMs: 60_000 }, 0);
  expect(paces.map((pace) => pace.most)).toEqual(given);
});
