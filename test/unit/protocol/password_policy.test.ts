import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkNewPassword, type PasswordRules, preparePassword } from "../../../src/protocol/password_policy.ts";

const RULES: PasswordRules = {
  minLength: 15,
  words: ["Harbour Gate", "northwind"],
  about: ["ada.lovelace@example.com", "Ada Lovelace"],
};

function verdict(password: string, rules: Partial<PasswordRules> = {}): string {
  const checked = checkNewPassword(password, { ...RULES, ...rules });
  return checked.ok ? "accepted" : checked.error.code;
}

describe("NIST SP 800-63B-4 3.1.1.2: length", () => {
  const emoji = "🦊🌋🧭🪁🫐🎻🪴🛶🧵🪵🦀🧊🪐🎺🐙";
  it.each([
    [14, "password_too_short"],
    [15, "accepted"],
  ])("counts code points, not units: %i emoji are %s", (count, expected) => {
    expect(verdict([...emoji].slice(0, count).join(""))).toBe(expected);
  });

  it.each([
    ["7 with a floor of 8", "kx7vqpz", { minLength: 8 }, "password_too_short"],
    ["8 with a floor of 8", "kx7vqpzm", { minLength: 8 }, "accepted"],
    ["7 where an operator's number is below the floor", "kx7vqpz", { minLength: 1 }, "password_too_short"],
    ["14", "kx7vqpzmw2hjtr", {}, "password_too_short"],
    ["15", "kx7vqpzmw2hjtrb", {}, "accepted"],
    ["one ligature that becomes eighteen letters", "\ufdfa", {}, "password_too_short"],
    ["15 that become 5", "가".normalize("NFD").repeat(5) + "나다라마바".normalize("NFD"), {}, "password_too_short"],
  ] as const)("%s", (_, password, rules, expected) => {
    expect(verdict(password, rules)).toBe(expected);
  });

  it("keeps 128 characters whole, whatever the script, and refuses what it would have to cut", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 128, maxLength: 128 }), (text) => {
        fc.pre(text.isWellFormed());
        expect(preparePassword(text)).toBe(text.normalize("NFKC"));
      }),
    );
    const long = "river teapot velvet anchor ".repeat(37);
    expect(verdict(long.slice(0, 900))).toBe("accepted");
    expect(verdict(`${long}${long}`)).toBe("password_too_long");
    expect(preparePassword(`${long}${long}`)).toBeNull();
  });
});

describe("NIST SP 800-63B-4 3.1.1.2: no composition rules, one normal form", () => {
  it.each([
    ["only letters", "wobblytrombonepantry"],
    ["only digits", "718293046152839"],
    ["spaces", "teal gravel mitten otter"],
    ["spaces at both ends", " teal gravel mitten otter "],
    ["no Latin letter", "зелёный самовар под дождём"],
    ["punctuation", "(x&9-;Q~v/+=_ #"],
    ["a byte of zero", "teal gravel\u0000mitten"],
    ["quotes and dashes", "' OR 1=1; -- teal gravel"],
  ])("%s are accepted", (_, password) => {
    expect(verdict(password)).toBe("accepted");
  });

  it("composed and decomposed accents are one password; case and spaces are not", () => {
    const composed = "crème brûlée à onze";
    expect(preparePassword(composed.normalize("NFD"))).toBe(preparePassword(composed.normalize("NFC")));
    expect(preparePassword(composed.toUpperCase())).not.toBe(preparePassword(composed));
    expect(preparePassword(`${composed} `)).not.toBe(preparePassword(composed));
  });

  it("a lone surrogate is not text", () => {
    expect(verdict(`teal gravel mitten \ud800`)).toBe("password_not_text");
    expect(preparePassword("teal gravel mitten \ud800")).toBeNull();
  });
});

describe("NIST SP 800-63B-4 3.1.1.2: what is guessed first is refused, with the reason", () => {
  it.each([
    ["passwordpassword", "password_common"],
    ["Password1234567", "password_common"],
    ["P@$$w0rd12345678", "password_common"],
    ["p a s s w o r d 1 2 3", "password_common"],
    ["password-password-password", "password_common"],
    ["welcome123456789", "password_common"],
    ["Welcome2024Welcome2024!", "password_common"],
    ["letmeinletmein1", "password_common"],
    ["iloveyou1234567", "password_common"],
    ["iloveyouforever", "password_common"],
    ["correct horse battery staple", "password_common"],
    ["CorrectHorseBatteryStaple1!", "password_common"],
    ["thisismypassword", "password_common"],
    ["mypasswordis123", "password_common"],
    ["to be or not to be", "password_common"],
    ["maytheforcebewithyou", "password_common"],
    ["Summer2024!!!!!!", "password_common"],
    ["dragondragondragon", "password_common"],
    ["aaaaaaaaaaaaaaa", "password_pattern"],
    ["abcabcabcabcabc", "password_common"],
    ["xkqjxkqjxkqjxkqj", "password_pattern"],
    ["123456789012345", "password_pattern"],
    ["1234567890123456789", "password_pattern"],
    ["987654321987654321", "password_pattern"],
    ["abcdefghijklmnop", "password_pattern"],
    ["qwertyuiopasdfgh", "password_pattern"],
    ["qwertyuiopasdfghjklzxcvbnm", "password_pattern"],
    ["QWERTYuiop[]asdf", "password_pattern"],
    ["qwertzuiopasdfghjkl", "password_pattern"],
    ["1qaz2wsx3edc4rfv", "password_pattern"],
    ["1q2w3e4r5t6y7u8i9o0p", "password_pattern"],
    ["!@#$%^&*()_+!@#$", "password_pattern"],
    ["111111222222333333", "password_pattern"],
    ["202420242024202420", "password_pattern"],
    ["000000000000000", "password_pattern"],
    ["               ", "password_pattern"],
    ["sallyport-sallyport", "password_in_context"],
    ["Sallyport123456", "password_in_context"],
    ["harbourgate2025!", "password_in_context"],
    ["northwind1234567", "password_in_context"],
    ["ada.lovelace1234", "password_in_context"],
    ["ada.lovelace@example.com", "password_in_context"],
    ["AdaLovelaceAdaLovelace", "password_in_context"],
    ["lovelacepassword", "password_in_context"],
    ["examplecom123456", "password_in_context"],
  ])("%s: %s", (password, expected) => {
    expect(verdict(password)).toBe(expected);
  });

  it.each(["password", "iloveyou", "qwertyuiop", "12345678", "sunshine1", "princess", "baseball", "trustno1"])(
    "with a floor of 8, %s is refused",
    (password) => {
      expect(verdict(password, { minLength: 8 })).not.toBe("accepted");
    },
  );

  it("what is said of another person refuses nothing here", () => {
    expect(verdict("ada.lovelace and her loom")).toBe("accepted");
    expect(verdict("grace.hopper1234")).toBe("accepted");
    expect(verdict("grace.hopper1234", { about: ["grace.hopper@navy.example"] })).toBe("password_in_context");
  });

  it("random passwords are accepted, whatever they are made of", () => {
    const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const random = Array.from({ length: 500 }, () =>
      [...crypto.getRandomValues(new Uint8Array(15))].map((byte) => base62[byte % 62]).join(""),
    );
    expect(random.map((password) => verdict(password)).filter((code) => code !== "accepted")).toEqual([]);
  });

  it("every refusal says why, and never quotes the password", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (text) => {
        const checked = checkNewPassword(text, RULES);
        if (checked.ok) return;
        expect(checked.error.text.length).toBeGreaterThan(20);
        if (text.length > 8) expect(checked.error.text).not.toContain(text);
      }),
    );
  });
});
