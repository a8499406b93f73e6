import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CorsPolicy } from "../../../src/policy/cors.ts";
import { crossSiteFault } from "../../../src/policy/cross_site.ts";

const OWN = "https://api.test";
const NEIGHBOUR = "https://app.api.test";
const EVIL = "https://evil.test";
const policy = (credentials: boolean): CorsPolicy => ({
  origins: new Set([NEIGHBOUR]),
  credentials,
  allowMethods: "",
  allowHeaders: "",
  maxAge: "",
  exposeHeaders: "",
});
const LISTED = policy(true);

type Fields = Readonly<Record<string, string>>;

const fault = (method: string, fields: Fields, cors: CorsPolicy | null = null) =>
  crossSiteFault({ method, header: (name) => fields[name] ?? null }, OWN, cors);

const csrf = { "sallyport-csrf": "1" };
const own = { origin: OWN, "sec-fetch-site": "same-origin" };
const neighbour = { origin: NEIGHBOUR, "sec-fetch-site": "same-site" };
const visit = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };

describe("a call that acts", () => {
  it.each<[string, Fields, CorsPolicy | null, string | null]>([
    ["a page of the gate's own", { ...own, ...csrf }, null, null],
    ["the same from a browser without Sec-Fetch-Site", { origin: OWN, ...csrf }, null, null],
    ["a listed page of the same site", { ...neighbour, ...csrf }, LISTED, null],
    ["no header", own, null, "csrf_header_missing"],
    ["an empty header", { ...own, "sallyport-csrf": "" }, null, "csrf_header_missing"],
    ["another value", { ...own, "sallyport-csrf": "true" }, null, "csrf_header_missing"],
    ["the header twice", { ...own, "sallyport-csrf": "1, 1" }, null, "csrf_header_missing"],
    ["no origin", csrf, null, "csrf_origin_missing"],
    ["no origin, whatever else is said", { ...csrf, "sec-fetch-site": "same-origin" }, null, "csrf_origin_missing"],
    ["a Referer in its place", { ...csrf, referer: `${OWN}/page` }, null, "csrf_origin_missing"],
    ["another site", { origin: EVIL, "sec-fetch-site": "cross-site", ...csrf }, null, "csrf_origin_foreign"],
    ["another site where some are listed", { origin: EVIL, ...csrf }, LISTED, "csrf_origin_foreign"],
    [
      "a page that is listed for reading without cookies",
      { ...neighbour, ...csrf },
      policy(false),
      "csrf_origin_foreign",
    ],
    ["a sandboxed page", { origin: "null", ...csrf }, null, "csrf_origin_foreign"],
    ["plain http", { origin: "http://api.test", ...csrf }, null, "csrf_origin_foreign"],
    ["another port", { origin: `${OWN}:8443`, ...csrf }, null, "csrf_origin_foreign"],
    ["a suffix", { origin: `${OWN}.evil.test`, ...csrf }, null, "csrf_origin_foreign"],
    ["capitals", { origin: "https://API.test", ...csrf }, null, "csrf_origin_foreign"],
    ["two origins", { origin: `${OWN}, ${EVIL}`, ...csrf }, null, "csrf_origin_foreign"],
    ["an empty origin", { origin: "", ...csrf }, null, "csrf_origin_foreign"],
    [
      "an origin that the browser's own word denies",
      { ...own, "sec-fetch-site": "cross-site", ...csrf },
      null,
      "csrf_site_foreign",
    ],
    ["a word that no browser says", { ...own, "sec-fetch-site": "Same-Origin", ...csrf }, null, "csrf_site_foreign"],
    ["an address line", { ...own, "sec-fetch-site": "none", ...csrf }, null, "csrf_site_foreign"],
    [
      "a listed page of another site",
      { origin: NEIGHBOUR, "sec-fetch-site": "cross-site", ...csrf },
      LISTED,
      "csrf_site_foreign",
    ],
    ["a form that is a visit", { ...visit, origin: EVIL, "sec-fetch-site": "cross-site" }, null, "csrf_origin_foreign"],
  ])("%s", (_, fields, cors, expected) => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) expect(fault(method, fields, cors)).toBe(expected);
  });

  it("no method passes unseen but those that are safe (RFC 9110 9.2.1)", () => {
    fc.assert(
      fc.property(fc.string(), (method) => {
        fc.pre(!["GET", "HEAD", "OPTIONS"].includes(method));
        expect(fault(method, {})).toBe("csrf_origin_missing");
      }),
    );
  });
});

describe("an upgrade, on which no page can set a header (RFC 6455 4.1)", () => {
  it.each<[string, Fields, string | null]>([
    ["of the gate's own page", own, null],
    ["without an origin", {}, "csrf_origin_missing"],
    ["of another site", { origin: EVIL }, "csrf_origin_foreign"],
    ["of a neighbour who is not listed", neighbour, "csrf_origin_foreign"],
  ])("%s", (_, fields, expected) => {
    expect(fault("GET", { upgrade: "websocket", ...fields })).toBe(expected);
  });
});

describe("a call that only reads", () => {
  it.each<[string, Fields, CorsPolicy | null, string | null]>([
    ["a script of the own page", { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" }, null, null],
    ["the address line", { "sec-fetch-site": "none", ...visit }, null, null],
    ["an old browser, which says nothing", {}, null, null],
    ["a link on another site", { "sec-fetch-site": "cross-site", ...visit }, null, null],
    ["a listed page", { ...neighbour, "sec-fetch-mode": "cors" }, LISTED, null],
    [
      "an image on another site",
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
      null,
      "csrf_site_foreign",
    ],
    [
      "a script tag of a neighbour",
      { "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" },
      LISTED,
      "csrf_site_foreign",
    ],
    [
      "a frame on another site",
      { "sec-fetch-site": "cross-site", ...visit, "sec-fetch-dest": "iframe" },
      null,
      "csrf_site_foreign",
    ],
    ["a script of another site", { origin: EVIL, "sec-fetch-site": "cross-site" }, null, "csrf_origin_foreign"],
    ["a script of a neighbour who is not listed", neighbour, null, "csrf_origin_foreign"],
  ])("%s", (_, fields, cors, expected) => {
    for (const method of ["GET", "HEAD", "OPTIONS"]) expect(fault(method, fields, cors)).toBe(expected);
  });
});
