import { describe, expect, it } from "vitest";
import { ADDED, add, changed, faultsOf, type MutableConfig } from "../../support/changed_config.ts";
import { GATEWAY_URL, ISSUER_URL } from "../../support/gateway_config.ts";

/** Issuer and gateway on one host, with a route that a session opens. */
function beside(change: (config: MutableConfig) => void = () => undefined): string[] {
  return faultsOf(
    changed((config) => {
      config.issuer.url = GATEWAY_URL;
      for (const trusted of config.gateway.trustedIssuers) {
        if (trusted.issuer === ISSUER_URL) trusted.issuer = GATEWAY_URL;
      }
      config.gateway.session = { scopes: ["orders:read"] };
      add({ credentials: ["session"] })(config);
      change(config);
    }),
  );
}

describe("the browser session as a credential", () => {
  it("compiles where the issuer's cookie comes along", () => {
    expect(beside()).toEqual([]);
  });

  it.each<[string, (config: MutableConfig) => void, string | RegExp]>([
    [
      "a gateway on a host of its own",
      (config) => {
        config.gateway.hosts = ["www.test"];
      },
      /^gateway\.session: `www\.test` is no host of the issuer, whose cookie/,
    ],
    [
      "an issuer elsewhere",
      (config) => {
        config.issuer.url = ISSUER_URL;
        config.gateway.trustedIssuers[0] = { issuer: ISSUER_URL, keys: "ring", algorithms: ["ES256"] };
      },
      /^gateway\.session: `api\.test` is no host of the issuer/,
    ],
    [
      "another scheme",
      (config) => {
        config.issuer.url = "http://api.test";
        config.gateway.trustedIssuers[0] = { issuer: "http://api.test", keys: "ring", algorithms: ["ES256"] };
      },
      "gateway.session: issuer and gateway must have one scheme: the cookie is bound to it",
    ],
    [
      "an issuer whose tokens open nothing",
      (config) => {
        config.gateway.trustedIssuers.shift();
      },
      "gateway.session: the issuer's own tokens open nothing here: it is not among gateway.trustedIssuers",
    ],
    [
      "a scope that is none",
      (config) => {
        config.gateway.session = { scopes: ["admin"] };
      },
      `gateway.session.scopes[0]: \`admin\` is not a scope of ${GATEWAY_URL}/`,
    ],
    [
      "a scope twice",
      (config) => {
        config.gateway.session = { scopes: ["orders:read", "orders:read"] };
      },
      "gateway.session.scopes[1]: `orders:read` is repeated",
    ],
    [
      "no word on what it may do",
      (config) => {
        delete config.gateway.session;
      },
      `${ADDED}.credentials: \`session\` needs \`gateway.session\`, which is not there`,
    ],
    ["no route", (config) => void config.routes.pop(), "gateway.session: is used by no route"],
    [
      "a route that asks for more",
      (config) => {
        add({ path: "/more", credentials: ["bearer", "session"], scopes: ["orders:write"] })(config);
      },
      /: no session has `orders:write`, so that `session` opens nothing here$/,
    ],
    [
      "a public route",
      (config) => {
        add({ path: "/open", public: true, credentials: ["session"] })(config);
      },
      /credentials: a public route proves nobody, so `session` means nothing there$/,
    ],
    [
      "credits, which no session has",
      (config) => {
        add({ path: "/credits", credentials: ["bearer", "session"], creditCost: 2 })(config);
      },
      /creditCost: no API key opens this route/,
    ],
    [
      "a route for bound tokens alone",
      (config) => {
        add({ path: "/bound", credentials: ["bearer", "session"], transport: { clientCertificate: "bound" } })(config);
      },
      /clientCertificate: tokens alone can be bound to a certificate/,
    ],
  ])("%s is a fault", (_, change, expected) => {
    const faults = beside(change);
    expect(faults).toContainEqual(typeof expected === "string" ? expected : expect.stringMatching(expected));
  });
});
