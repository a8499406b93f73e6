import { expect, it } from "vitest";
import { agoInWords, lengthInWords, waitInWords } from "../../../src/issuer/pages/words.ts";

it.each([
  [1, "1 second"],
  [45, "45 seconds"],
  [60, "1 minute"],
  [90, "90 seconds"],
  [900, "15 minutes"],
  [3_600, "1 hour"],
  [5_400, "90 minutes"],
  [43_200, "12 hours"],
  [86_400, "1 day"],
  [2_592_000, "30 days"],
  [200_000, "about 2 days"],
])("a life of %d s is told as %s", (seconds, words) => {
  expect(lengthInWords(seconds)).toBe(words);
});

it.each([
  [0, "1 second"],
  [59, "59 seconds"],
  [61, "2 minutes"],
  [900, "15 minutes"],
  [7_199, "120 minutes"],
  [7_201, "3 hours"],
])("a wait of %d s is told as %s, never as less", (seconds, words) => {
  expect(waitInWords(seconds)).toBe(words);
});

it.each([
  [0, "just now"],
  [-5, "just now"],
  [59, "just now"],
  [60, "1 minute ago"],
  [7_200, "2 hours ago"],
  [90_000, "1 day ago"],
])("%d s ago is told as %s", (seconds, words) => {
  expect(agoInWords(1_000_000_000 - seconds * 1000, 1_000_000_000)).toBe(words);
});
