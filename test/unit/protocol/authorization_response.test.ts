import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { authorizationResponse } from "../../../src/protocol/authorization_response.ts";

const ISSUER = "https://issuer.example";
const CODE = { kind: "code", code: "spc_a.b" } as const;
const DENIED = { kind: "error", error: { code: "access_denied", description: "the user denied the request" } } as const;

function location(redirectUri: string, state: string | null, responseMode: "query" | "fragment" = "query"): URL {
  const response = authorizationResponse({ redirectUri, responseMode, state }, CODE, ISSUER);
  if (response.kind !== "redirect") throw new Error("no redirect");
  return new URL(response.location);
}

describe("RFC 6749 4.1.2, RFC 9207 2: the authorization response", () => {
  it.each([
    ["https://a.example/cb", "https://a.example/cb?code=spc_a.b&state=s&iss=https%3A%2F%2Fissuer.example"],
    ["https://a.example/cb?x=1", "https://a.example/cb?x=1&code=spc_a.b&state=s&iss=https%3A%2F%2Fissuer.example"],
    ["https://a.example/cb?", "https://a.example/cb?code=spc_a.b&state=s&iss=https%3A%2F%2Fissuer.example"],
    ["https://a.example/cb?x&", "https://a.example/cb?x&code=spc_a.b&state=s&iss=https%3A%2F%2Fissuer.example"],
    ["com.example.app:/cb", "com.example.app:/cb?code=spc_a.b&state=s&iss=https%3A%2F%2Fissuer.example"],
  ])("to %s keeps its own query", (redirectUri, expected) => {
    expect(authorizationResponse({ redirectUri, responseMode: "query", state: "s" }, CODE, ISSUER)).toEqual({
      kind: "redirect",
      location: expected,
    });
  });

  it("by fragment leaves the query alone", () => {
    const url = location("https://a.example/cb?x=1", "s", "fragment");
    expect(url.search).toBe("?x=1");
    expect(Object.fromEntries(new URLSearchParams(url.hash.slice(1)))).toEqual({
      code: "spc_a.b",
      state: "s",
      iss: ISSUER,
    });
  });

  it("by form has the same fields, unencoded", () => {
    const to = { redirectUri: "https://a.example/cb?x=1", responseMode: "form_post", state: '"><script>' } as const;
    expect(authorizationResponse(to, DENIED, ISSUER)).toEqual({
      kind: "form_post",
      action: "https://a.example/cb?x=1",
      fields: [
        ["error", "access_denied"],
        ["error_description", "the user denied the request"],
        ["state", '"><script>'],
        ["iss", ISSUER],
      ],
    });
  });

  it("an error has state and iss, once each, and no code", () => {
    const to = { redirectUri: "https://a.example/cb", responseMode: "query", state: "s" } as const;
    const response = authorizationResponse(to, DENIED, ISSUER);
    const { searchParams } = new URL(response.kind === "redirect" ? response.location : "");
    expect([...searchParams.keys()]).toEqual(["error", "error_description", "state", "iss"]);
    expect(searchParams.get("iss")).toBe(ISSUER);
  });

  it("without a state there is none", () => {
    expect(location("https://a.example/cb", null).searchParams.has("state")).toBe(false);
  });

  it("any state comes back as it was, adds no other parameter, and fits a header", () => {
    const state = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("&iss=evil", "#x", "a\r\nSet-Cookie: x", "+ %2B"),
    );
    fc.assert(
      fc.property(state, fc.constantFrom("query", "fragment"), (text, mode) => {
        const url = location("https://a.example/cb", text, mode);
        const fields = mode === "query" ? url.searchParams : new URLSearchParams(url.hash.slice(1));
        expect([...fields.keys()]).toEqual(["code", "state", "iss"]);
        expect(fields.get("state")).toBe(text);
        expect(url.href).toMatch(/^[\x21-\x7e]+$/);
      }),
    );
  });
});
