import { describe, expect, it } from "vitest";
import { type KnownPerson, PERSON_CLAIMS, personClaims } from "../../../src/protocol/person_claims.ts";

const person: KnownPerson = {
  email: "ada@example.test",
  emailVerified: true,
  profile: {
    name: "Ada Lovelace",
    givenName: "Ada",
    familyName: "Lovelace",
    nickname: "ada",
    picture: "https://example.test/ada.png",
    locale: "en-GB",
    zoneinfo: "Europe/London",
    phoneNumber: "+441234",
    phoneNumberVerified: false,
    address: "12 St James's Square\nLondon",
  },
  updatedAtMs: 1_790_000_000_999,
};
const stranger: KnownPerson = { email: "x@example.test", emailVerified: false, profile: {}, updatedAtMs: 0 };

describe("OpenID Connect Core 5.4: scopes open claims", () => {
  it.each([
    ["none", [], []],
    ["openid", ["openid"], []],
    ["email", ["email"], ["email", "email_verified"]],
    ["phone", ["phone"], ["phone_number", "phone_number_verified"]],
    ["address", ["address"], ["address"]],
    [
      "profile",
      ["profile"],
      ["family_name", "given_name", "locale", "name", "nickname", "picture", "updated_at", "zoneinfo"],
    ],
    ["scopes of an API", ["orders:read", "offline_access"], []],
  ])("%s", (_, scopes, expected) => {
    expect(Object.keys(personClaims(person, scopes)).sort()).toEqual(expected);
  });

  it("say what is known, in the shapes of section 5.1", () => {
    expect(personClaims(person, ["profile", "email", "phone", "address"])).toEqual({
      name: "Ada Lovelace",
      given_name: "Ada",
      family_name: "Lovelace",
      nickname: "ada",
      picture: "https://example.test/ada.png",
      locale: "en-GB",
      zoneinfo: "Europe/London",
      updated_at: 1_790_000_000,
      email: "ada@example.test",
      email_verified: true,
      phone_number: "+441234",
      phone_number_verified: false,
      address: { formatted: "12 St James's Square\nLondon" },
    });
  });

  it("discovery's list is all of them", () => {
    expect(Object.keys(personClaims(person, ["profile", "email", "phone", "address"])).sort()).toEqual(
      [...PERSON_CLAIMS].sort(),
    );
  });

  it("5.3.2: what is not known is absent", () => {
    expect(personClaims(stranger, ["profile", "email", "phone", "address"])).toEqual({
      updated_at: 0,
      email: "x@example.test",
      email_verified: false,
    });
    const empty = { ...stranger, profile: { name: "", phoneNumber: "", address: "" } };
    expect(personClaims(empty, ["profile", "phone", "address"])).toEqual({ updated_at: 0 });
  });
});
