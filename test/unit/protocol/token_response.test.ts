import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { basicCredentials } from "../../../src/protocol/basic_credentials.ts";
import { presentedClient } from "../../../src/protocol/client_credentials.ts";
import { parseForm } from "../../../src/protocol/form.ts";
import { parseTokenResponse } from "../../../src/protocol/token_response.ts";

const RIGHT = { access_token: "a.b-c_d~e+f/g==", token_type: "Bearer", expires_in: 300 };

describe("RFC 6749 5.1: a token endpoint's answer", () => {
  it.each([
    ["as it should be", {}, 300],
    ["type in another case", { token_type: "bEARER" }, 300],
    ["no life stated", { expires_in: undefined }, 60],
    ["a life as text", { expires_in: "300" }, 300],
    ["a life of years", { expires_in: 1e12 }, 3_600],
    ["more members", { scope: "a", refresh_token: "r" }, 300],
  ])("%s", (_, change, lifeSeconds) => {
    expect(parseTokenResponse({ ...RIGHT, ...change })).toEqual({ token: RIGHT.access_token, lifeSeconds });
  });

  it.each([
    ["no token", { access_token: undefined }],
    ["an empty token", { access_token: "" }],
    ["a token that ends a header", { access_token: "a\r\nb: c" }],
    ["a token with a space", { access_token: "a b" }],
    ["a huge token", { access_token: "a".repeat(8_001) }],
    ["no type", { token_type: undefined }],
    ["DPoP", { token_type: "DPoP" }],
    ["too short a life", { expires_in: 9 }],
    ["a life below zero", { expires_in: -1 }],
    ["a life that is no number", { expires_in: "soon" }],
    ["null", { expires_in: null }],
  ])("refused: %s", (_, change) => {
    expect(parseTokenResponse({ ...RIGHT, ...change })).toBeNull();
  });

  it("refused: whatever is no object", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.array(fc.jsonValue())), (answer) => {
        expect(parseTokenResponse(answer)).toBeNull();
      }),
    );
  });
});

describe("RFC 6749 2.3.1: a client's credentials as Basic", () => {
  it("for any id and secret: what our own reader of it reads is what was meant", () => {
    const text = fc.string({ unit: "grapheme-composite", minLength: 1 }).filter((value) => {
      return value.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(value);
    });
    const form = parseForm("");
    if (!form.ok) throw new Error("no form");
    fc.assert(
      fc.property(text, text, (clientId, clientSecret) => {
        const read = presentedClient(basicCredentials(clientId, clientSecret), form.value);
        expect(read).toEqual({
          ok: true,
          value: { method: "client_secret_basic", clientId, secret: clientSecret },
        });
      }),
    );
  });
});
