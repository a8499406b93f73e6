import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { momentOf } from "../../../src/kernel/timestamp.ts";

describe("RFC 3339 5.6: the moment of a timestamp", () => {
  it.each([
    ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z"],
    ["2026-01-01t00:00:00z", "2026-01-01T00:00:00.000Z"],
    ["2026-01-01T00:00:00.5+01:30", "2025-12-31T22:30:00.500Z"],
    ["2026-01-01T00:00:00.123456789-00:00", "2026-01-01T00:00:00.123Z"],
    ["2024-02-29T23:59:59Z", "2024-02-29T23:59:59.000Z"],
  ])("%s", (text, moment) => {
    expect(new Date(momentOf(text) ?? Number.NaN).toISOString()).toBe(moment);
  });

  it.each([
    ["no day of its month, which would become another one", "2026-02-31T00:00:00Z"],
    ["a leap day of no leap year", "2026-02-29T00:00:00Z"],
    ["an hour of the day after", "2026-01-01T24:00:00Z"],
    ["no offset: it could be any moment of a day", "2026-01-01T00:00:00"],
    ["an offset of no place", "2026-01-01T00:00:00+24:00"],
    ["a leap second, which has no Unix time", "2016-12-31T23:59:60Z"],
    ["no seconds", "2026-01-01T00:00Z"],
    ["a date alone", "2026-01-01"],
    ["a space for the T", "2026-01-01 00:00:00Z"],
    ["something behind it", "2026-01-01T00:00:00Z\n"],
    ["words that `Date.parse` takes", "1 Jan 2026 00:00:00 GMT"],
    ["a year of five digits", "+002026-01-01T00:00:00Z"],
    ["nothing", ""],
  ])("%s is none", (_name, text) => {
    expect(momentOf(text)).toBeNull();
  });

  it("is the moment that it was written of", () => {
    const day = fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
    fc.assert(fc.property(day, (date) => momentOf(date.toISOString()) === date.getTime()));
  });
});
