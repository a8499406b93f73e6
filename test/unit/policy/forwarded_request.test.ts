import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalAsSent, canonicalRequest } from "../../../src/policy/canonical_request.ts";
import { forwardedRequest, repeatedRequest } from "../../../src/policy/forwarded_request.ts";

type Headers = Readonly<Record<string, string>>;

const LAST = { header: "x-forwarded-for", hops: 1 } as const;
const FORWARDED: Headers = {
  "x-forwarded-method": "GET",
  "x-forwarded-proto": "https",
  "x-forwarded-host": "api.test",
  "x-forwarded-uri": "/orders?page=2",
  "x-forwarded-for": "203.0.113.7",
};
const ORIGINAL: Headers = {
  "x-original-method": "GET",
  "x-original-url": "https://api.test/orders?page=2",
  "x-forwarded-for": "203.0.113.7",
};
const SENT = { method: "GET", scheme: "https:", host: "api.test", target: "/orders?page=2" };

const reading = (headers: Headers) => (name: string) => headers[name] ?? null;
const read = (headers: Headers, source: Parameters<typeof forwardedRequest>[1] = LAST) =>
  forwardedRequest(reading(headers), source);
const without = (headers: Headers, name: string): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([held]) => held !== name));

describe("what a proxy says of a call", () => {
  it.each([
    ["X-Forwarded-*", FORWARDED],
    ["X-Original-*", ORIGINAL],
    ["X-Original-* beside a host that agrees", { ...ORIGINAL, "x-forwarded-host": "api.test" }],
  ])("%s is read whole", (_, headers) => {
    const value = { sent: SENT, address: "203.0.113.7", bodyBytes: null };
    expect(read(headers)).toEqual({ ok: true, value });
  });

  it.each(Object.keys(FORWARDED))("without %s there is nothing to decide on", (name) => {
    const error = name === "x-forwarded-for" ? "forwarded_address_missing" : "forwarding_missing";
    expect(read(without(FORWARDED, name))).toEqual({ ok: false, error });
  });

  it.each(["x-original-method", "x-original-url"])("half of the other form, without %s, neither", (name) => {
    expect(read(without(ORIGINAL, name)).ok).toBe(false);
  });

  it.each<[string, Headers]>([
    ["both forms", { ...FORWARDED, ...ORIGINAL }],
    [
      "a caller's X-Original-URL beside the proxy's words",
      { ...FORWARDED, "x-original-url": "https://api.test/public" },
    ],
    ["a caller's X-Original-Method", { ...FORWARDED, "x-original-method": "GET" }],
    ["a caller's X-Forwarded-Uri beside X-Original-URL", { ...ORIGINAL, "x-forwarded-uri": "/public" }],
    ["a caller's X-Forwarded-Method", { ...ORIGINAL, "x-forwarded-method": "GET" }],
    ["another host", { ...ORIGINAL, "x-forwarded-host": "other.test" }],
    ["another scheme", { ...ORIGINAL, "x-forwarded-proto": "http" }],
  ])("%s: the two disagree, and neither is believed", (_, headers) => {
    expect(read(headers)).toEqual({ ok: false, error: "forwarding_conflict" });
  });

  it.each(["x-forwarded-method", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-uri"])(
    "%s twice is as the platform joins it, and refused",
    (name) => {
      expect(read({ ...FORWARDED, [name]: `${FORWARDED[name]}, ${FORWARDED[name]}` }).ok).toBe(false);
      expect(
        read({ ...FORWARDED, [name]: `${FORWARDED[name]},${FORWARDED[name]}` }).ok && name !== "x-forwarded-uri",
      ).toBe(false);
    },
  );

  it.each<[string, Headers]>([
    ["a lower-case method", { "x-forwarded-method": "get" }],
    ["an empty method", { "x-forwarded-method": "" }],
    ["no web scheme", { "x-forwarded-proto": "wss" }],
    ["a scheme with its colon", { "x-forwarded-proto": "https:" }],
    ["an empty host", { "x-forwarded-host": "" }],
    ["a length that is none", { "x-forwarded-content-length": "-1" }],
    ["two lengths", { "x-forwarded-content-length": "1, 1" }],
  ])("%s is refused", (_, changes) => {
    expect(read({ ...FORWARDED, ...changes })).toEqual({ ok: false, error: "forwarding_malformed" });
  });

  it("a stated length is kept, in bytes", () => {
    expect(read({ ...FORWARDED, "x-forwarded-content-length": "17" })).toMatchObject({ value: { bodyBytes: 17 } });
    expect(read({ ...FORWARDED, "x-forwarded-content-length": "" })).toMatchObject({ value: { bodyBytes: null } });
  });

  it.each([
    [1, "198.51.100.1, 203.0.113.7", "203.0.113.7"],
    [2, "198.51.100.1, 203.0.113.7", "198.51.100.1"],
    [2, "10.0.0.9,198.51.100.1 ,203.0.113.7", "198.51.100.1"],
    [1, "2001:db8::1", "2001:db8::1"],
  ])("the caller is %i from the end of %s: what callers put before it counts for nothing", (hops, list, address) => {
    const told = read({ ...FORWARDED, "x-forwarded-for": list }, { header: "x-forwarded-for", hops });
    expect(told).toMatchObject({ ok: true, value: { address } });
  });

  it.each([
    [3, "198.51.100.1, 203.0.113.7", "forwarded_address_missing"],
    [1, "198.51.100.1, unknown", "forwarded_address_malformed"],
    [1, "198.51.100.1:4711", "forwarded_address_malformed"],
    [1, "198.51.100.1,", "forwarded_address_malformed"],
    [1, "", "forwarded_address_malformed"],
  ])("%i from the end of %s is no address", (hops, list, error) => {
    const told = read({ ...FORWARDED, "x-forwarded-for": list }, { header: "x-forwarded-for", hops });
    expect(told).toEqual({ ok: false, error });
  });

  it("the header that the configuration does not name is not looked at", () => {
    const headers = { ...FORWARDED, "x-real-ip": "192.0.2.1" };
    expect(read(headers)).toMatchObject({ value: { address: "203.0.113.7" } });
    expect(read(headers, { header: "x-real-ip", hops: 1 })).toMatchObject({ value: { address: "192.0.2.1" } });
  });

  it("Envoy's own request line is the call, and no other word on it is taken", () => {
    const headers = { "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.7" };
    expect(repeatedRequest({ ...SENT, scheme: "http:" }, reading(headers), LAST)).toMatchObject({
      value: { sent: SENT },
    });
    for (const name of ["x-forwarded-method", "x-forwarded-uri", "x-original-url", "x-original-method"]) {
      const told = repeatedRequest(SENT, reading({ ...headers, [name]: "GET" }), LAST);
      expect(told).toEqual({ ok: false, error: "forwarding_conflict" });
    }
    expect(repeatedRequest(SENT, reading({}), LAST)).toEqual({ ok: false, error: "forwarding_missing" });
  });
});

const asSent = (target: string, host = "api.test") =>
  canonicalAsSent({ method: "GET", scheme: "https:", host, target });

describe("a call that somebody else passes on as it was sent", () => {
  it.each([
    "/public/../orders",
    "/public/./orders",
    "/public/..",
    "/public/%2e%2e/orders",
    "/public/%2E./orders",
    "/public\\orders",
    "/public/\torders",
    "/orders#x",
    "/orders?a#x",
    "/public/ü",
    "//orders",
    "/orders//",
    "/a%2fb",
    "/a%5cb",
    "/a;b",
    "/a%00",
    "/a%252fb",
    "/a%",
    "/\uff0e\uff0e/orders",
    "/%ef%bc%8e%ef%bc%8e/orders",
    "orders",
    "",
    "*",
    "http://api.test/orders",
    "/orders?a b",
    "/orders?a=%zz",
    "/orders?\\",
  ])("%s is refused, whatever a parser of URLs would make of it", (target) => {
    expect(asSent(target).ok).toBe(false);
  });

  it.each([
    ["/", "/", ""],
    ["/orders", "/orders", ""],
    ["/orders/", "/orders/", ""],
    ["/orders?", "/orders", ""],
    ["/orders?a=1&b=%C3%BC", "/orders", "?a=1&b=%C3%BC"],
    ["/%6frders", "/orders", ""],
    ["/urn%3aa/b:c", "/urn:a/b:c", ""],
    ["/a%c3%a9", "/a%C3%A9", ""],
  ])("%s has one reading", (target, path, search) => {
    expect(asSent(target)).toMatchObject({ ok: true, value: { path, search, host: "api.test" } });
  });

  it.each([
    ["api.test", "api.test"],
    ["API.Test", "api.test"],
    ["api.test:443", "api.test"],
    ["api.test:8443", "api.test:8443"],
    ["[::1]:8443", "[::1]:8443"],
  ])("the host %s is %s", (host, canonical) => {
    expect(asSent("/orders", host)).toMatchObject({ ok: true, value: { host: canonical } });
  });

  it.each([
    "",
    "api.test.",
    "user@api.test",
    "api.test/x",
    "api.test\\x",
    "api.test:",
    "api.test:99999",
    "a b",
    "ü.test",
    ".test",
  ])("the host %j is refused", (host) => {
    expect(asSent("/orders", host)).toEqual({ ok: false, error: "host_ambiguous" });
  });

  it("whatever is let through means the same to a parser of URLs, and to a server that decodes once", () => {
    const piece = fc.constantFrom(
      "a",
      "public",
      "..",
      ".",
      "%2e",
      "%2f",
      "/",
      "//",
      ";",
      "\\",
      "%5c",
      "%61",
      "%c3%a9",
      "?",
      "#",
      "%",
      ":",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const target = `/${pieces.join("")}`;
        const read = asSent(target);
        if (!read.ok) return;
        const url = new URL(`https://api.test${target}`);
        expect(canonicalRequest("GET", url)).toEqual(read);
        const [sentPath = ""] = target.split("?");
        expect(sentPath.split("/").slice(1).map(decodeURIComponent)).toEqual(
          read.value.segments.length === 0 ? [""] : read.value.segments,
        );
      }),
      { numRuns: 2_000 },
    );
  });
});
