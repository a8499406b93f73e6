import { describe, expect, it } from "vitest";
import { gateway } from "../../../src/config/schemas/gateway.ts";
import { origin } from "../../../src/config/schemas/origin.ts";
import { httpUrl, instant } from "../../../src/config/terms.ts";

const NO_URLS: readonly [string, string][] = [
  ["white space round it", " https://o.test "],
  ["a tab in it", "https://o\t.test"],
  ["a line break after it", "https://o.test\n"],
  ["a fragment", "https://o.test#a"],
  ["an empty fragment", "https://o.test#"],
  ["credentials", "https://u:p@o.test"],
  ["a name alone", "https://u@o.test"],
  ["another scheme", "ftp://o.test"],
  ["a scheme that runs code", "javascript:alert(1)"],
  ["one slash", "https:/o.test"],
  ["no host", "https://"],
  ["a port that there is not", "https://o.test:99999"],
  ["an address that there is not", "https://[::g]"],
];

describe("a URL with", () => {
  it.each(NO_URLS)("%s is refused", (_, url) => {
    expect(httpUrl.safeParse(url).success).toBe(false);
    expect(origin.safeParse({ url, audience: "a" }).success).toBe(false);
    expect(gateway.safeParse({ url, resource: url }).success).toBe(false);
  });

  it.each(["https://o.test", "http://localhost:8787", "https://o.test/a?b=c", "https://[::1]:1/@a", "HTTPS://O.test"])(
    "nothing of that stands as it was written: %s",
    (url) => expect(httpUrl.parse(url)).toBe(url),
  );
});

describe("a time", () => {
  it.each(["2026-01-31T12:00:00Z", "2024-02-29T23:59:59.123Z"])("%s is taken", (text) => {
    expect(instant.parse(text)).toBe(text);
  });

  it.each(["2026-02-29T12:00:00Z", "2026-01-31T12:00:00+01:00", "2026-01-31T12:00:00", "2026-01-31", "12:00:00Z", ""])(
    "%s is refused",
    (text) => expect(instant.safeParse(text).success).toBe(false),
  );
});
