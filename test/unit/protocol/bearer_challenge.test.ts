import { describe, expect, it } from "vitest";
import { bearerChallenge } from "../../../src/protocol/bearer_challenge.ts";

describe("RFC 9470 3: the challenge where another sign-in is missing", () => {
  const error = "insufficient_user_authentication";

  it("says which classes would do, and how recent it has to be", () => {
    expect(bearerChallenge({ error, errorDescription: "sign in", acrValues: ["a", "b"], maxAgeSeconds: 300 })).toBe(
      'Bearer error="insufficient_user_authentication", error_description="sign in", acr_values="a b", max_age="300"',
    );
  });

  it.each([
    [{ acrValues: ["a"], maxAgeSeconds: null }, 'Bearer error="insufficient_user_authentication", acr_values="a"'],
    [{ acrValues: [], maxAgeSeconds: 0 }, 'Bearer error="insufficient_user_authentication", max_age="0"'],
  ])("%j: what is not asked for is not written", (stepUp, expected) => {
    expect(bearerChallenge({ error, ...stepUp })).toBe(expected);
  });
});
