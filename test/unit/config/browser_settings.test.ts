import { describe, expect, it } from "vitest";
import { SECURITY_HEADERS } from "../../../src/http/security_headers.ts";
import { securityHeaders } from "../../../src/policy/security_headers.ts";
import { add, changed, faultsOf, type MutableConfig } from "../../support/changed_config.ts";
import { gatewayConfig } from "../../support/gateway_config.ts";
import { compiled } from "../../support/install.ts";

const headers = (own: object) => (config: MutableConfig) => {
  config.gateway.securityHeaders = own;
};
const YEAR = 31_536_000;

describe("security headers", () => {
  it("are those of every other answer where nothing is said", () => {
    expect(securityHeaders(compiled(gatewayConfig()).gateway.securityHeaders)).toEqual(SECURITY_HEADERS);
  });

  it.each<[object, Record<string, string | null>, string?]>([
    [
      { frameAncestors: ["'self'"] },
      { "x-frame-options": "SAMEORIGIN", "content-security-policy": "default-src 'none'; frame-ancestors 'self'" },
    ],
    [
      { frameAncestors: ["'self'", "https://app.example"] },
      {
        "x-frame-options": null,
        "content-security-policy": "default-src 'none'; frame-ancestors 'self' https://app.example",
      },
    ],
    [
      { contentSecurityPolicy: "default-src 'self'; style-src 'self' 'unsafe-inline'; upgrade-insecure-requests" },
      {
        "content-security-policy":
          "default-src 'self'; style-src 'self' 'unsafe-inline'; upgrade-insecure-requests; frame-ancestors 'none'",
      },
    ],
    [
      { referrerPolicy: "same-origin", crossOriginResourcePolicy: "same-site" },
      { "referrer-policy": "same-origin", "cross-origin-resource-policy": "same-site" },
    ],
    [{ hsts: { maxAgeSeconds: YEAR, preload: true } }, {}, `max-age=${YEAR}; includeSubDomains; preload`],
    [{ hsts: { maxAgeSeconds: 300, includeSubDomains: false } }, {}, "max-age=300"],
    [{ hsts: "withdraw" }, {}, "max-age=0"],
  ])("%j", (own, fields, hsts = SECURITY_HEADERS.hsts) => {
    const config = gatewayConfig();
    config.gateway.securityHeaders = own;
    const told = securityHeaders(compiled(config).gateway.securityHeaders);
    expect(Object.fromEntries(told.fields)).toEqual({ ...Object.fromEntries(SECURITY_HEADERS.fields), ...fields });
    expect(told.hsts).toBe(hsts);
  });

  const csp = (text: string) => headers({ contentSecurityPolicy: text });
  const wrong: [string, (config: MutableConfig) => void, RegExp][] = [
    ["a policy that leaves the rest open", csp("script-src 'self'"), /no default-src/],
    ["an empty policy", csp(""), /not a list of directives/],
    ["scripts inline", csp("default-src 'self' 'unsafe-inline'"), /'unsafe-inline' in default-src/],
    ["eval", csp("default-src 'none'; script-src 'self' 'unsafe-eval'"), /'unsafe-eval' in script-src/],
    ["a nonce for everybody", csp("default-src 'none'; script-src 'nonce-abc'"), /'nonce-abc' in script-src/],
    ["scripts from anywhere", csp("default-src *"), /\* in default-src/],
    ["scripts from any https host", csp("default-src 'none'; script-src https:"), /https: in script-src/],
    ["scripts from any https host in other words", csp("default-src 'none'; script-src https://*"), /in script-src/],
    ["scripts as data", csp("default-src 'none'; object-src DATA:"), /DATA: in object-src/],
    ["a directive twice", csp("default-src 'none'; img-src 'self'; img-src *"), /img-src twice/],
    ["frame-ancestors in two places", csp("default-src 'none'; frame-ancestors *"), /a setting of its own/],
    ["a line break", csp("default-src 'none'\r\nSet-Cookie: a=b"), /not a list of directives/],
    ["a second policy behind a comma", csp("default-src 'none', default-src *"), /not a list of directives/],
    ["a semicolon without a space", csp("default-src 'none';script-src *"), /not a list of directives/],
    ["frames of anybody", headers({ frameAncestors: ["*"] }), /wildcard/],
    ["frames of any https page", headers({ frameAncestors: ["https:"] }), /as browsers write it/],
    ["a referrer for everybody", headers({ referrerPolicy: "unsafe-url" }), /expected one of/],
    ["an unknown resource policy", headers({ crossOriginResourcePolicy: "any" }), /expected one of/],
    ["HSTS of a second", headers({ hsts: { maxAgeSeconds: 1 } }), /hsts/],
    ["HSTS taken back by a zero", headers({ hsts: { maxAgeSeconds: 0 } }), /hsts/],
    ["preload of some hosts", headers({ hsts: { preload: true, includeSubDomains: false } }), /hsts/],
    ["preload of a month", headers({ hsts: { preload: true, maxAgeSeconds: 2_592_000 } }), /hsts/],
    ["sniffing", headers({ contentTypeOptions: "off" }), /Unrecognized key/],
    ["HSTS of one route", add({ securityHeaders: { hsts: "withdraw" } }), /Unrecognized key/],
    ["a route that says nothing", add({ securityHeaders: {} }), /says nothing/],
    [
      "a weak policy of one route",
      add({ securityHeaders: { contentSecurityPolicy: "default-src https:" } }),
      /https: in default-src/,
    ],
  ];
  it.each(wrong)("never %s", (_, change, fault) => {
    expect(faultsOf(changed(change)).join("\n")).toMatch(fault);
  });
});

describe("cookies", () => {
  const cors = { origins: ["https://app.example"], credentials: true };

  it.each([
    ["some", add({ cookies: ["theme", "__Host-cart", "__Secure-x"] })],
    ["for pages of another origin", add({ cookies: ["theme"], cors })],
  ])("%s", (_, change) => expect(faultsOf(changed(change))).toEqual([]));

  it.each<[string, (config: MutableConfig) => void, RegExp]>([
    ["our session", add({ cookies: ["sallyport_session"] }), /cookies\[0\]: is a cookie of Sallyport's own/],
    ["our session by its full name", add({ cookies: ["__Host-sallyport_session"] }), /Sallyport's own/],
    ["our session in another case", add({ cookies: ["__HOST-SALLYPORT_session"] }), /Sallyport's own/],
    ["all of them", add({ cookies: ["*=;"] }), /not the name of a cookie/],
    ["a pattern with a space", add({ cookies: ["a b"] }), /not the name of a cookie/],
    ["a line break", add({ cookies: ["a\r\nb"] }), /not the name of a cookie/],
    ["an attribute of old", add({ cookies: ["$Path"] }), /not the name of a cookie/],
    ["no name", add({ cookies: [""] }), /not the name of a cookie/],
    ["one twice", add({ cookies: ["a", "a"] }), /cookies\[1\]: `a` is repeated/],
    ["pages that send cookies nowhere", add({ cors }), /cors\.credentials: the route passes no cookies/],
    [
      "a gateway whose pages send cookies nowhere",
      (c) => Object.assign(c.gateway, { cors }),
      /^gateway\.cors\.credentials: no route/,
    ],
  ])("never %s", (_, change, fault) => expect(faultsOf(changed(change)).join("\n")).toMatch(fault));
});
