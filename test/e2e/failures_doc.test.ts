import { globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const source = globSync("src/**/*.{ts,tsx}")
  .map((path) => readFileSync(path, "utf8"))
  .join("\n");
const document = readFileSync("docs/failures.md", "utf8");

/** Where codes and reasons are written in the source; each pattern captures one word. */
const PLACES = [
  /\bcode: "([a-z_]+)"/g,
  /\breason: "([a-z_]+)"/g,
  /\b(?:err|unproven|invalidClient)\("([a-z_]+)"/g,
  /\b(?:oauthError|refuse|invalidTarget)\([^()]*"([a-z]+_[a-z_]+)"(?:, \d+)?\)/g,
  /\b(?:logEvent|logFault|logPerson)\((?:c, )?"([a-z_]+)"/g,
  /^ {2}\| "([a-z_]+)"/gm,
];

/** Words that the patterns find and nobody is told as a failure. */
const NOT_TOLD = new Set(["custom", "absent", "conflict", "disabled", "expired", "no_such_key", "signed_in_again"]);

function words(pattern: RegExp): string[] {
  return [...source.matchAll(pattern)].map(([, word = ""]) => word).filter((word) => !NOT_TOLD.has(word));
}

describe("docs/failures.md", () => {
  test.each(PLACES)("lists every code that %s finds", (pattern) => {
    const found = new Set(words(pattern));
    expect(found.size).toBeGreaterThan(0);
    expect([...found].filter((word) => !document.includes(`\`${word}\``))).toEqual([]);
  });

  test("lists no code that the source does not know", () => {
    const listed = [...document.matchAll(/^\| `([a-z_]+)`/gm)].map(([, word = ""]) => word);
    expect(listed.length).toBeGreaterThan(30);
    expect(listed.filter((word) => !source.includes(word))).toEqual([]);
  });
});
