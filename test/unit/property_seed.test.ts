import fc from "fast-check";
import { expect, inject, it } from "vitest";
import type {} from "../support/property_seed.ts";

it("properties draw the same cases in every run", () => {
  expect(fc.readConfigureGlobal().seed).toBe(inject("propertySeed"));
  const draw = () =>
    fc.check(
      fc.property(fc.nat(), fc.string(), () => true),
      { verbose: 2 },
    ).executionSummary;
  expect(draw().map(({ value }) => value)).toEqual(draw().map(({ value }) => value));
});
