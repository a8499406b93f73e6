import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { presentedClient } from "../../../src/protocol/client_credentials.ts";
import { parseForm } from "../../../src/protocol/form.ts";

function form(text: string) {
  const parsed = parseForm(text);
  if (!parsed.ok) throw new Error(parsed.error.reason);
  return parsed.value;
}

function basic(text: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}`;
}

describe("presentedClient: one way to authenticate (RFC 6749 2.3)", () => {
  it("RFC 6749 2.3.1: reads the example of the specification", () => {
    expect(presentedClient("Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW", form(""))).toEqual({
      ok: true,
      value: { method: "client_secret_basic", clientId: "s6BhdRkqt3", secret: "gX1fBat3bV" },
    });
  });

  it.each([
    ["in the body", null, "client_id=a&client_secret=b", { method: "client_secret_post", clientId: "a", secret: "b" }],
    ["an id alone", null, "client_id=a", { method: "none", clientId: "a" }],
    [
      "an empty secret in the body counts as none",
      null,
      "client_id=a&client_secret=",
      { method: "none", clientId: "a" },
    ],
    [
      "by header with the same id in the body",
      basic("a:b"),
      "client_id=a",
      { method: "client_secret_basic", clientId: "a", secret: "b" },
    ],
    ["a secret with a colon", basic("a:b:c"), "", { method: "client_secret_basic", clientId: "a", secret: "b:c" }],
    [
      "an encoded colon in the id",
      basic("a%3Ab:c"),
      "",
      { method: "client_secret_basic", clientId: "a:b", secret: "c" },
    ],
  ])("takes %s", (_, authorization, body, value) => {
    expect(presentedClient(authorization, form(body))).toEqual({ ok: true, value });
  });

  it.each([
    ["nothing", null, "", "invalid_client", "no_client_authentication"],
    ["a secret without an id", null, "client_secret=b", "invalid_client", "no_client_authentication"],
    ["both ways", basic("a:b"), "client_id=a&client_secret=b", "invalid_request", "two_client_credentials"],
    ["a broken header and a body", "Basic ?", "client_secret=b", "invalid_request", "two_client_credentials"],
    ["another id in the body", basic("a:b"), "client_id=c", "invalid_request", "client_id_mismatch"],
    ["an empty secret", basic("a:"), "", "invalid_client", "empty_secret"],
    ["an empty id", basic(":b"), "", "invalid_client", "malformed_basic"],
    ["an empty header", "", "client_id=a", "invalid_client", "malformed_basic"],
    ["a raw % in the secret", basic("a:b%c"), "", "invalid_client", "malformed_basic"],
    ["a raw é in the secret", basic("a:é"), "", "invalid_client", "malformed_basic"],
    ["base64url", "Basic YTpi_-", "", "invalid_client", "malformed_basic"],
    ["two values", `${basic("a:b")}, ${basic("a:b")}`, "", "invalid_client", "malformed_basic"],
  ])("refuses %s", (_, authorization, body, code, reason) => {
    expect(presentedClient(authorization, form(body))).toMatchObject({ ok: false, error: { code, reason } });
  });

  it("any id and secret survive the way through header or body", () => {
    const text = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
      .filter((one) => one.isWellFormed() && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(one));
    fc.assert(
      fc.property(text, text, (clientId, secret) => {
        const encoded = `${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`;
        const byHeader = presentedClient(basic(encoded), form(""));
        expect(byHeader).toEqual({ ok: true, value: { method: "client_secret_basic", clientId, secret } });
        const body = new URLSearchParams({ client_id: clientId, client_secret: secret }).toString();
        const byBody = presentedClient(null, form(body));
        expect(byBody).toEqual({ ok: true, value: { method: "client_secret_post", clientId, secret } });
      }),
    );
  });

  it("no header makes it throw, and none but a Basic one makes a client", () => {
    const header = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: "binary" }).map((rest) => `Basic ${rest}`),
      fc.base64String().map((rest) => `basic ${rest}`),
    );
    fc.assert(
      fc.property(header, (authorization) => {
        const presented = presentedClient(authorization, form(""));
        if (presented.ok) expect(authorization.trim()).toMatch(/^basic +[A-Za-z0-9+/]+={0,2}$/i);
        else expect(presented.error.code).toBe("invalid_client");
      }),
      { numRuns: 1_000 },
    );
  });
});
