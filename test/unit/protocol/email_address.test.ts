import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normaliseEmail, parseEmail, untagged } from "../../../src/protocol/email_address.ts";

describe("email addresses", () => {
  it.each([
    ["as it is", "ada@example.com", "ada@example.com"],
    ["case", "Ada.Lovelace@EXAMPLE.com", "ada.lovelace@example.com"],
    ["white space round it", "  ada@example.com\n", "ada@example.com"],
    ["full-width letters and sign", "ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ada@example.com"],
    ["an accent, decomposed", "rene\u0301@example.com", "rené@example.com"],
    ["a domain in Unicode", "ada@münchen.example", "ada@xn--mnchen-3ya.example"],
    ["the same domain in ASCII", "ada@xn--mnchen-3ya.example", "ada@xn--mnchen-3ya.example"],
    ["a tag stays", "ada+news@example.com", "ada+news@example.com"],
    ["an apostrophe", "o'brien@example.com", "o'brien@example.com"],
  ])("one form: %s", (_, text, expected) => {
    expect(normaliseEmail(text)).toBe(expected);
  });

  it.each([
    ["nothing", ""],
    ["no sign", "ada.example.com"],
    ["two signs", "ada@evil@example.com"],
    ["a quoted sign", '"ada@evil"@example.com'],
    ["no local part", "@example.com"],
    ["no domain", "ada@"],
    ["one label", "ada@localhost"],
    ["an empty label", "ada@example..com"],
    ["a dot behind", "ada@example.com."],
    ["a label with a hyphen in front", "ada@-example.com"],
    ["a machine's address", "ada@127.0.0.1"],
    ["a machine's address in brackets", "ada@[127.0.0.1]"],
    ["white space inside", "ada lovelace@example.com"],
    ["a header", "ada@example.com\r\nBcc: everyone@example.com"],
    ["a zero", "ada\u0000@example.com"],
    ["a direction mark", "ada\u202e@example.com"],
    ["an invisible character", "ada\u200b@example.com"],
    ["two addresses", "ada@example.com,bob@example.com"],
    ["a display form", "Ada <ada@example.com>"],
    ["two dots", "ada..l@example.com"],
    ["65 characters before the sign", `${"a".repeat(65)}@example.com`],
    ["255 in all", `ada@${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.example`],
    ["a lone surrogate", "ada\ud800@example.com"],
    ["a path in the domain", "ada@exämple.com/x"],
  ])("refuses %s", (_, text) => {
    expect(parseEmail(text)).toBeNull();
  });

  it("normalising twice is normalising once, and leaves nothing that a mail header could begin with", () => {
    const parts = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(parts, parts, (local, host) => {
        const once = normaliseEmail(`${local}@${host}.example`);
        if (once === null) return;
        expect(normaliseEmail(once)).toBe(once);
        expect(once).not.toMatch(/[\s\p{C}]/u);
        expect(normaliseEmail(once.toUpperCase().normalize("NFD"))).toBe(normaliseEmail(once.toUpperCase()));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["no tag", "ada@example.com", "ada@example.com"],
    ["a tag", "ada+shop@example.com", "ada@example.com"],
    ["two tags", "ada+shop+two@example.com", "ada@example.com"],
    ["an empty tag", "ada+@example.com", "ada@example.com"],
    ["nothing but a tag, which is a name of its own", "+shop@example.com", "+shop@example.com"],
  ])("the mailbox behind an address with %s", (_, normalised, mailbox) => {
    expect(untagged(normalised)).toBe(mailbox);
    expect(untagged(mailbox)).toBe(mailbox);
  });
});
