import { describe, expect, it } from "vitest";
import { cookieRules, dropCookie, readCookie, setCookie } from "../../src/http/cookies.ts";

const HOST = cookieRules("https://auth.example");
const LOOPBACK = cookieRules("http://localhost:8787");

describe("V3.3.1, V3.3.3: how cookies are marked", () => {
  it.each([
    ["https", "https://auth.example", true],
    ["https on loopback", "https://localhost:8787", true],
    ["plain http elsewhere, which then does not work", "http://auth.example", true],
    ["a name that begins like loopback", "http://127.0.0.1.evil.example", true],
    ["localhost", "http://localhost:8787", false],
    ["IPv4 loopback", "http://127.0.0.1:8787", false],
    ["IPv6 loopback", "http://[::1]:8787", false],
  ])("%s", (_, issuer, secure) => {
    expect(cookieRules(issuer)).toEqual({ prefix: secure ? "__Host-" : "", secure });
  });

  it("host-only, for no script, for no form of another site", () => {
    expect(setCookie({ name: "sallyport_session", value: "a.b-c_d~1", maxAgeSeconds: null }, HOST)).toBe(
      "__Host-sallyport_session=a.b-c_d~1; Path=/; HttpOnly; SameSite=Lax; Secure",
    );
    expect(setCookie({ name: "sallyport_session", value: "a", maxAgeSeconds: 60 }, LOOPBACK)).toBe(
      "sallyport_session=a; Path=/; HttpOnly; SameSite=Lax; Max-Age=60",
    );
    expect(dropCookie("sallyport_session", HOST)).toBe(
      "__Host-sallyport_session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0",
    );
  });

  it("a value that could end the cookie is a bug of ours", () => {
    for (const value of ["a;Domain=x", "a\r\nX: y", "a b", '"a"', "ä"]) {
      expect(() => setCookie({ name: "x", value, maxAgeSeconds: null }, HOST)).toThrow();
    }
  });
});

describe("reading a cookie", () => {
  const NAME = "__Host-sallyport_session";
  it.each([
    ["alone", `${NAME}=abc`, "abc"],
    ["among others", `a=1; ${NAME}=abc; b=2`, "abc"],
    ["without spaces", `a=1;${NAME}=abc;b=2`, "abc"],
    ["no header", null, null],
    ["not there", "a=1", null],
    ["empty", `${NAME}=`, null],
    ["without the prefix", "sallyport_session=abc", null],
    ["the prefix in another case, which browsers do not guard", "__host-sallyport_session=abc", null],
    ["a name that ends like it", `x${NAME}=abc`, null],
    ["twice, as a neighbour may cause", `${NAME}=abc; ${NAME}=def`, null],
    ["twice the same", `${NAME}=abc; ${NAME}=abc`, null],
    ["twice, one empty", `${NAME}=abc; ${NAME}=`, null],
    ["in quotes", `${NAME}="abc"`, null],
    ["with an equals sign", `${NAME}=abc=def`, null],
    ["with a comma", `${NAME}=abc,def`, null],
    ["with percent-encoding", `${NAME}=ab%63`, null],
    ["a header beyond all measure", `${NAME}=abc; x=${"y".repeat(16 * 1024)}`, null],
  ])("%s", (_, header, value) => {
    expect(readCookie(header, "sallyport_session", HOST)).toBe(value);
  });

  it("on plain-http loopback the bare name is read, and the prefixed one is not", () => {
    expect(readCookie("sallyport_session=abc", "sallyport_session", LOOPBACK)).toBe("abc");
    expect(readCookie(`${NAME}=abc`, "sallyport_session", LOOPBACK)).toBeNull();
  });
});
