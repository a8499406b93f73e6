import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { permittedOrigin } from "../../../src/policy/cors.ts";
import { isWebOrigin, webOriginFault } from "../../../src/policy/web_origin.ts";

describe("RFC 6454 6.2: an origin that can be trusted is one that a browser spells the same", () => {
  it.each([
    "https://app.example",
    "https://app.example:8443",
    "https://xn--mnchen-3ya.example",
    "https://203.0.113.7",
    "https://[2001:db8::1]:8443",
    "http://localhost:5173",
    "http://127.0.0.1:5173",
    "http://[::1]:5173",
  ])("%s", (origin) => expect(webOriginFault(origin)).toBeNull());

  it.each([
    ["*", /wildcard/],
    ["https://*.app.example", /wildcard/],
    ["null", /sandboxed/],
    ["", /scheme:/],
    ["app.example", /scheme:/],
    ["https://app.example/", /scheme:/],
    ["https://app.example/path", /scheme:/],
    ["https://app.example?x", /scheme:/],
    ["https://app.example#x", /scheme:/],
    ["https://app.example:443", /scheme:/],
    ["HTTPS://app.example", /scheme:/],
    ["https://App.example", /scheme:/],
    ["https://münchen.example", /scheme:/],
    ["https://ada@app.example", /scheme:/],
    [" https://app.example", /scheme:/],
    ["https://app.example\r\nX: y", /scheme:/],
    ["https://app.example, https://other.example", /scheme:/],
    ["https://0x7f.1", /scheme:/],
    ["capacitor://localhost", /scheme:/],
    ["chrome-extension://abcdefghijklmnop", /scheme:/],
    ["file://", /scheme:/],
    ["https://app.example.", /dot/],
    ["http://app.example", /plain http/],
    ["http://127.0.0.1.evil.example", /plain http/],
    ["http://localhost.evil.example", /plain http/],
    ["http://10.0.0.7", /plain http/],
  ])("never %j", (text, reason) => expect(webOriginFault(text)).toMatch(reason));

  it("property: what passes is its own URL's origin, and no part of it is hidden", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.webUrl(),
          fc.string(),
          fc.webAuthority().map((host) => `https://${host}`),
        ),
        (text) => {
          if (webOriginFault(text) !== null) return;
          expect(new URL(text).origin).toBe(text);
          expect(isWebOrigin(text)).toBe(true);
          expect(text).toMatch(/^https?:\/\/[a-z0-9.[\]:_~-]+$/);
        },
      ),
    );
  });
});

describe("who may read is compared as a text", () => {
  const policy = {
    origins: new Set(["https://app.example"]),
    credentials: true,
    allowMethods: "",
    allowHeaders: "",
    maxAge: "",
    exposeHeaders: "",
  };

  it("property: no other text than a listed one is ever permitted", () => {
    const near = fc
      .tuple(
        fc.constantFrom("", " ", "x", "evil-", "https://", "null, "),
        fc.constantFrom("", ".", ":443", "/", ", null"),
      )
      .map(([before, after]) => `${before}https://app.example${after}`);
    fc.assert(
      fc.property(fc.oneof(fc.string(), near), (origin) => {
        expect(permittedOrigin(policy, origin)).toBe(origin === "https://app.example" ? origin : null);
      }),
    );
    expect(permittedOrigin(policy, null)).toBeNull();
  });
});
