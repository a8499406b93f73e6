import { describe, expect, it } from "vitest";
import { formOriginFault } from "../../../src/protocol/form_origin.ts";

const OWN = "https://auth.example";

describe("V3.5.1: where a form comes from", () => {
  it.each([
    ["our own origin", OWN, "same-origin", null],
    ["our own origin, no Fetch Metadata", OWN, null, null],
    ["no Origin, and the browser says same-origin", null, "same-origin", null],
    ["another site", "https://evil.test", "cross-site", "form_origin_foreign"],
    ["another site that claims to be same-origin", "https://evil.test", "same-origin", "form_origin_foreign"],
    ["a subdomain", "https://evil.auth.example", "same-site", "form_origin_foreign"],
    ["a name that ends like ours", "https://notauth.example", null, "form_origin_foreign"],
    ["a name that begins like ours", "https://auth.example.evil.test", null, "form_origin_foreign"],
    ["another scheme", "http://auth.example", null, "form_origin_foreign"],
    ["another port", "https://auth.example:8443", null, "form_origin_foreign"],
    ["null, as a sandboxed frame sends", "null", null, "form_origin_foreign"],
    ["null from a browser that says same-origin", "null", "same-origin", "form_origin_foreign"],
    ["an empty Origin", "", null, "form_origin_foreign"],
    ["no Origin, from another site", null, "cross-site", "form_origin_foreign"],
    ["no Origin, from a neighbour", null, "same-site", "form_origin_foreign"],
    ["no Origin, from the address bar", null, "none", "form_origin_foreign"],
    ["nothing said", null, null, "form_origin_unknown"],
  ])("%s", (_, origin, secFetchSite, fault) => {
    expect(formOriginFault({ origin, secFetchSite }, OWN)).toBe(fault);
  });
});
