import { beforeAll, describe, expect, it } from "vitest";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

captureLogs();
const network = stubNetwork();
const FORGED = "forged-by-the-caller";
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

/** Headers by which a caller could speak for the gate, for a proxy, or for a user. */
const HOSTILE = [
  "Sallyport-Identity",
  "sallyport-identity",
  "SALLYPORT-IDENTITY",
  "Sallyport_Identity",
  "Sallyport-Anything",
  "X-User-Id",
  "X_User_Id",
  "x_user-id",
  "X-User",
  "X-Userinfo",
  "X-Auth-User",
  "X-Auth-Request-Email",
  "X-Authenticated-User",
  "X-Forwarded-User",
  "X-Forwarded-For",
  "X_Forwarded_For",
  "X-Forwarded-Host",
  "X-Forwarded-Proto",
  "X-Forwarded-Prefix",
  "X-Forwarded-Uri",
  "X-Original-URL",
  "X-Original-Method",
  "X-Rewrite-URL",
  "X-Remote-User",
  "Remote-User",
  "Remote-Groups",
  "REMOTE_USER",
  "X-WebAuth-User",
  "X-Consumer-Username",
  "X-Credential-Identifier",
  "X-Ms-Client-Principal",
  "X-Goog-Authenticated-User-Email",
  "X-Goog-Iap-Jwt-Assertion",
  "X-Amzn-Oidc-Identity",
  "X-Jwt-Assertion",
  "X-Client-Cert",
  "X-SSL-Client-S-DN",
  "SSL-Client-Cert",
  "Client-Cert",
  "Client-Cert-Chain",
  "Forwarded",
  "Via",
  "X-Real-IP",
  "X-Client-IP",
  "True-Client-IP",
  "X-Cluster-Client-IP",
  "X-Originating-IP",
  "CF-Connecting-IP",
  "CF-Access-Jwt-Assertion",
  "Cookie",
  "X-Request-Id",
  "X-HTTP-Method-Override",
  "X-HTTP-Method",
  "X-Method-Override",
  "Proxy-Authorization",
  "Proxy-Connection",
  "TE",
  "Trailer",
  "Upgrade",
  "Keep-Alive",
  "Expect",
  "HTTP2-Settings",
];

describe("RFC 9700 4.13: what a caller cannot tell the origin", () => {
  it.each(HOSTILE)(
    "%s: what the caller wrote does not arrive, once or repeated, with and without a route's identity",
    async (name) => {
      const gate = install();
      const credential = bearer(await token(ring));
      for (const [path, own] of [
        ["/whoami", [["authorization", credential.authorization]]],
        ["/public/health", []],
      ] as const) {
        network.calls.length = 0;
        const headers = [...own, ["x-kept", "yes"], [name, FORGED], [name, FORGED]] as const;
        const response = await gate.fetch(path, { headers });
        expect(response.status).toBe(200);
        const received = network.originCalls[0]?.headers ?? new Headers();
        expect(received.get("x-kept")).toBe("yes");
        // An address is the platform's word: where it gave the caller's, that is the one header with this text.
        const values = [...received].filter(([key, value]) => key !== "x-forwarded-for" && value.includes(FORGED));
        expect(values).toEqual([]);
      }
    },
  );

  it("the credential itself does not arrive, in any header", async () => {
    const gate = install();
    const good = await token(ring);
    await gate.fetch("/whoami", { headers: bearer(good) });
    const received = [...(network.originCalls[0]?.headers ?? [])];
    expect(received.map(([name]) => name)).not.toContain("authorization");
    expect(JSON.stringify(received)).not.toContain(good);
  });

  it("exactly one identity arrives, the gate's, beside what the gate knows of the call", async () => {
    const gate = install();
    const headers = { ...bearer(await token(ring)), "cf-connecting-ip": "203.0.113.7", "x-forwarded-for": "10.9.8.7" };
    const response = await gate.fetch("/whoami", { headers });
    const received = network.originCalls[0]?.headers;
    expect(received?.get("sallyport-identity")?.split(".")).toHaveLength(3);
    expect(received?.get("x-forwarded-for")).toBe("203.0.113.7");
    expect(received?.get("x-forwarded-host")).toBe("api.test");
    expect(received?.get("x-forwarded-proto")).toBe("https");
    expect(received?.get("x-request-id")).toBe(response.headers.get("x-request-id"));
    expect(received?.get("cf-connecting-ip")).toBeNull();
  });

  it("RFC 9110 7.6.1: headers that Connection names stay on their hop, in any case and spacing", async () => {
    const gate = install();
    const headers = {
      ...bearer(await token(ring)),
      connection: "close ,  X-Secret,x-OTHER",
      "x-secret": "hop",
      "x-other": "hop",
      "x-kept": "end to end",
    };
    await gate.fetch("/whoami", { headers });
    const received = network.originCalls[0]?.headers;
    for (const name of ["connection", "x-secret", "x-other"]) expect(received?.has(name)).toBe(false);
    expect(received?.get("x-kept")).toBe("end to end");
  });

  it("CVE-2022-31813: a Connection header cannot take the identity or the gate's own words away", async () => {
    const gate = install();
    const named = "sallyport-identity, x-forwarded-for, x-forwarded-host, x-request-id";
    await gate.fetch("/whoami", { headers: { ...bearer(await token(ring)), connection: named } });
    const received = network.originCalls[0]?.headers;
    for (const name of named.split(", ")) expect(received?.has(name), name).toBe(true);
  });

  it("ordinary headers pass as they are", async () => {
    const gate = install();
    const ordinary = {
      accept: "application/json",
      "accept-language": "en",
      "content-type": "application/json",
      "if-none-match": '"1"',
      "idempotency-key": "k",
      range: "bytes=0-1",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "user-agent": "test",
      "x-custom": "a",
    };
    await gate.fetch("/whoami", { headers: { ...bearer(await token(ring)), ...ordinary } });
    expect(Object.fromEntries(network.originCalls[0]?.headers ?? [])).toMatchObject(ordinary);
  });
});
