import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesRedirect, ownHosts, redirectUriFault } from "../../../src/protocol/redirect_uri.ts";

const REGISTERED = "https://a.example/cb";

describe("RFC 6749 3.1.2, RFC 8252 7: what may be registered", () => {
  it.each([
    ["https://a.example/cb", "web"],
    ["https://a.example/", "web"],
    ["https://a.example:8443/cb?tenant=1", "web"],
    ["https://xn--bcher-kva.example/cb", "web"],
    ["https://a.example/@me", "web"],
    ["https://a.example/cb", "native"],
    ["http://127.0.0.1/cb", "native"],
    ["http://127.0.0.1:8080/cb", "native"],
    ["http://[::1]/cb", "native"],
    ["http://localhost:3000/cb", "native"],
    ["com.example.app:/cb", "native"],
    ["com.example.app://cb", "native"],
  ] as const)("%s for a %s client", (uri, type) => {
    expect(redirectUriFault(uri, type)).toBeNull();
  });

  it.each([
    ["http", "http://a.example/cb", "native", /must be https/],
    ["http on loopback, for a web client", "http://127.0.0.1/cb", "web", /must be https/],
    ["http on localhost, for a web client", "http://localhost/cb", "web", /must be https/],
    ["a name that begins like loopback", "http://127.0.0.1.evil.test/cb", "native", /must be https/],
    ["a name that begins like localhost", "http://localhost.evil.test/cb", "native", /must be https/],
    ["another loopback address", "http://127.0.0.2/cb", "native", /must be https/],
    ["every interface", "http://0.0.0.0/cb", "native", /must be https/],
    ["a decimal address", "http://2130706433/cb", "native", /normal form/],
    ["a mapped address", "http://[::ffff:127.0.0.1]/cb", "native", /must be https/],
    ["a fragment", "https://a.example/cb#x", "web", /fragment/],
    ["an empty fragment", "https://a.example/cb#", "web", /fragment/],
    ["credentials", "https://user:pw@a.example/cb", "web", /credentials/],
    ["a user", "https://user@a.example/cb", "web", /credentials/],
    ["empty credentials", "https://@a.example/cb", "web", /credentials/],
    ["javascript:", "javascript:alert(1)", "native", /scheme/],
    ["JavaScript:", "JavaScript:alert(1)", "native", /scheme/],
    ["javascript: with an authority", "javascript://a.example/%0aalert(1)", "native", /scheme/],
    ["data:", "data:text/html,x", "native", /scheme/],
    ["vbscript:", "vbscript:x", "native", /scheme/],
    ["file:", "file:///etc/passwd", "native", /scheme/],
    ["blob:", "blob:https://a.example/x", "native", /scheme/],
    ["about:", "about:blank", "native", /scheme/],
    ["a scheme without a dot", "myapp://cb", "native", /scheme/],
    ["a private-use scheme, for a web client", "com.example.app:/cb", "web", /private-use/],
    ["a wildcard host", "https://*.a.example/cb", "web", /wildcard/],
    ["a wildcard path", "https://a.example/*", "web", /wildcard/],
    ["no scheme", "//a.example/cb", "web", /absolute/],
    ["a path", "/cb", "web", /absolute/],
    ["nothing", "", "web", /character/],
    ["an upper-case host", "https://A.example/cb", "web", /normal form/],
    ["a default port", "https://a.example:443/cb", "web", /normal form/],
    ["no path", "https://a.example", "web", /normal form/],
    ["dots", "https://a.example/x/../cb", "web", /normal form/],
    ["encoded dots", "https://a.example/x/%2e%2e/cb", "web", /normal form/],
    ["a backslash", "https://evil.test\\@a.example/cb", "web", /character/],
    ["a tab", "https://a.exam\tple/cb", "web", /character/],
    ["a line end", "https://a.example/cb\r\nx: y", "web", /character/],
    ["NUL", "https://a.example/cb\0", "web", /character/],
    ["a space around it", " https://a.example/cb", "web", /character/],
    ["a look-alike letter", "https://а.example/cb", "web", /character/],
    ["quotes and tags", 'https://a.example/"><script>', "web", /character/],
    ["a parameter of the answer", "https://a.example/cb?code=x", "web", /answer/],
    ["an issuer of its own", "https://a.example/cb?iss=evil", "web", /answer/],
    ["too much", `https://a.example/${"x".repeat(2_048)}`, "web", /2048/],
  ] as const)("not %s", (_name, uri, type, reason) => {
    expect(redirectUriFault(uri, type)).toMatch(reason);
  });
});

describe("RFC 9700 4.1.3: what is asked for is what was registered", () => {
  const web = { redirectUris: [REGISTERED], applicationType: "web" } as const;

  it("the registered URI", () => {
    expect(matchesRedirect(web, REGISTERED)).toBe(true);
  });

  it.each([
    "https://a.example/cb/",
    "https://a.example/cb?",
    "https://a.example/cb?x=1",
    "https://a.example/cb#f",
    "https://A.example/cb",
    "HTTPS://a.example/cb",
    "https://a.example/%63b",
    "https://a.example/x/../cb",
    "https://a.example/./cb",
    "https://a.example:443/cb",
    "https://a.example./cb",
    "https://a.example@evil.test/cb",
    "https://a.example/cb/other",
    "https://a.example/other",
    "https://sub.a.example/cb",
    "http://a.example/cb",
    "https://a.example.evil.test/cb",
    "https://evil.test\\@a.example/cb",
    "https://evil.test/https://a.example/cb",
    "//evil.test",
    "//a.example/cb",
    "https://a.example/cb\t",
    "https://a.exam\nple/cb",
    " https://a.example/cb",
    "https://a.example/cb\0",
    "https://а.example/cb",
    "",
  ])("not %j", (asked) => {
    expect(matchesRedirect(web, asked)).toBe(false);
  });
});

describe("RFC 8252 7.3: the port of a native client's loopback address", () => {
  const native = { redirectUris: ["http://127.0.0.1/cb", "http://[::1]:7/cb"], applicationType: "native" } as const;

  it.each([
    "http://127.0.0.1/cb",
    "http://127.0.0.1:1234/cb",
    "http://127.0.0.1:65535/cb",
    "http://[::1]:5678/cb",
    "http://[::1]/cb",
  ])("%s is taken", (asked) => {
    expect(matchesRedirect(native, asked)).toBe(true);
  });

  it.each([
    "http://127.0.0.1:65536/cb",
    "http://127.0.0.1:0/cb",
    "http://127.0.0.1:080/cb",
    "http://127.0.0.1:/cb",
    "http://127.0.0.1:1234/other",
    "http://127.0.0.1:1234/cb?x=1",
    "http://127.0.0.1:1234/cb/",
    "http://127.0.0.1:1234",
    "http://127.0.0.1:1@evil.test/cb",
    "http://127.0.0.1:1234\\@evil.test/cb",
    "http://127.0.0.1.evil.test/cb",
    "http://localhost:1234/cb",
    "http://127.0.0.2:1234/cb",
    "http://2130706433:1234/cb",
    "https://127.0.0.1:1234/cb",
    "HTTP://127.0.0.1:1234/cb",
  ])("%s is not", (asked) => {
    expect(matchesRedirect(native, asked)).toBe(false);
  });

  it("localhost keeps its port, and so does a web client's loopback address", () => {
    const local = { redirectUris: ["http://localhost:3000/cb"], applicationType: "native" } as const;
    expect(matchesRedirect(local, "http://localhost:3000/cb")).toBe(true);
    expect(matchesRedirect(local, "http://localhost:3001/cb")).toBe(false);
    expect(matchesRedirect({ ...native, applicationType: "web" }, "http://127.0.0.1:1234/cb")).toBe(false);
  });
});

describe("properties", () => {
  const piece = fc.constantFrom(
    ...["https:", "http:", "//", "/", "\\", "@", ":", ".", "a.example", "evil.test", "127.0.0.1", "[::1]", "localhost"],
    ...["cb", "?", "#", "%2e", "..", "1234", "\t", "\0", "А"],
  );
  const asked = fc.oneof(
    fc.array(piece, { maxLength: 10 }).map((parts) => parts.join("")),
    fc.webUrl(),
    fc.string(),
  );

  it("nothing but a registered string, or its loopback address in another port, ever matches", () => {
    const redirectUris = [REGISTERED, "http://127.0.0.1/cb", "http://localhost/cb"];
    fc.assert(
      fc.property(asked, fc.constantFrom("web", "native"), (uri, applicationType) => {
        if (!matchesRedirect({ redirectUris, applicationType }, uri)) return;
        const portless = /^http:\/\/127\.0\.0\.1(:\d+)?\/cb$/.test(uri) && applicationType === "native";
        expect(redirectUris.includes(uri) || portless).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it("what may be registered leads, for a URL parser, to the host that it shows, and matches itself", () => {
    fc.assert(
      fc.property(asked, fc.constantFrom("web", "native"), (uri, applicationType) => {
        if (redirectUriFault(uri, applicationType) !== null) return;
        const url = new URL(uri);
        expect(url.href).toBe(uri);
        expect(`${url.username}${url.password}${url.hash}`).toBe("");
        expect(matchesRedirect({ redirectUris: [uri], applicationType }, uri)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

it("loopback and private-use URIs name no host of their own", () => {
  expect(ownHosts(["https://a.example/1", "https://a.example/2", "http://127.0.0.1/", "com.a.b:/"])).toEqual([
    "a.example",
  ]);
});
