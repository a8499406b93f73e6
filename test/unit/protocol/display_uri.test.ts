import { describe, expect, it } from "vitest";
import { destinationOf, formActionSource, webHref } from "../../../src/protocol/display_uri.ts";

describe("links to what a client states", () => {
  it.each([
    ["https", "https://app.example/about?x=1#y", "https://app.example/about?x=1#y"],
    ["http", "http://app.example", "http://app.example/"],
    ["a name in another script is spelt in ASCII", "https://аpple.example/", "https://xn--pple-43d.example/"],
    ["javascript:", "javascript:alert(1)", null],
    ["javascript: in disguise", " \tJaVaScRiPt:alert(1)", null],
    ["data:", "data:text/html,<script>alert(1)</script>", null],
    ["credentials that look like a host", "https://bank.example@evil.example/", null],
    ["no URL", "app.example", null],
    ["nothing", "", null],
  ])("%s", (_, uri, href) => {
    expect(webHref(uri)).toBe(href);
  });
});

describe("where a redirect leads, in words", () => {
  it.each([
    ["a site", "https://app.example:8443/cb", { kind: "site", host: "app.example:8443" }],
    ["a look-alike name", "https://аpple.example/cb", { kind: "site", host: "xn--pple-43d.example" }],
    ["IPv4 loopback", "http://127.0.0.1:53123/cb", { kind: "loopback" }],
    ["IPv6 loopback", "http://[::1]:53123/cb", { kind: "loopback" }],
    ["localhost", "http://localhost:53123/cb", { kind: "loopback" }],
    [
      "a name that begins like loopback",
      "http://127.0.0.1.evil.example/cb",
      { kind: "site", host: "127.0.0.1.evil.example" },
    ],
    ["an app's own scheme", "com.example.app:/cb", { kind: "app", scheme: "com.example.app" }],
    ["no URI", "nonsense", { kind: "app", scheme: "unknown" }],
  ])("%s", (_, uri, destination) => {
    expect(destinationOf(uri)).toEqual(destination);
  });
});

describe("CSP 3 2.3.2: the source that lets a form's redirects pass, wherever the client goes on to", () => {
  it.each([
    ["a site", "https://app.example:8443/cb?x=1", "https:"],
    ["IPv4 loopback", "http://127.0.0.1:53123/cb", "http:"],
    ["IPv6 loopback", "http://[::1]:53123/cb", "http:"],
    ["an app's own scheme", "com.example.app:/cb", "com.example.app:"],
    ["a host that would begin another directive", "https://a;script-src/cb", "https:"],
    ["a host that would begin another policy", "https://a,b/cb", "https:"],
    ["no URI", "'unsafe-inline'", null],
  ])("%s", (_, uri, source) => {
    expect(formActionSource(uri)).toBe(source);
  });
});
