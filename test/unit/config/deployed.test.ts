import { describe, expect, it } from "vitest";
import { loadFaults, onDeployment, publishFaults } from "../../../src/config/deployed.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { changed, type MutableConfig } from "../../support/changed_config.ts";
import { compiled } from "../../support/install.ts";

const made = (change: (config: MutableConfig) => void = () => undefined) => compiled(changed(change) as ConfigInput);
const onward = { tokenUrl: "https://partner.test/token", clientId: "gate", clientSecretBinding: "PARTNER_SECRET" };
const withOnward = (settings: object) => (config: MutableConfig) => {
  config.origins.main = { ...config.origins.main, url: "https://origin.test", onward: settings };
};

function paths(wanted: (config: MutableConfig) => void, deployed: (config: MutableConfig) => void = () => undefined) {
  return publishFaults(made(wanted), made(deployed)).map(({ path }) => path);
}

describe("a secret of the deployment", () => {
  it("is named by what is published only as it was deployed", () => {
    expect(paths(withOnward(onward), withOnward(onward))).toEqual([]);
    expect(paths(withOnward(onward))).toEqual(["origins.main.onward"]);
  });

  it("several by one member are meant as well", () => {
    const proxies =
      (...secretBindings: string[]) =>
      (config: MutableConfig) => {
        config.gateway.forwardAuth = { secretBindings };
      };
    expect(paths(proxies("PROXY_SECRET"), proxies("PROXY_SECRET"))).toEqual([]);
    expect(paths(proxies("PROXY_SECRET"))).toEqual(["gateway.forwardAuth"]);
    expect(paths(proxies("PROXY_SECRET", "OTHER_SECRET"), proxies("PROXY_SECRET"))).toEqual(["gateway.forwardAuth"]);
  });

  it.each([
    ["another address", { tokenUrl: "https://evil.example.com/token" }],
    ["another secret", { clientSecretBinding: "OTHER_SECRET" }],
    ["another client", { clientId: "evil" }],
  ])(
    "does not go elsewhere: %s beside its name is refused, when it is published and when it is loaded",
    (_name, part) => {
      const [wanted, deployed] = [made(withOnward({ ...onward, ...part })), made(withOnward(onward))];
      expect(publishFaults(wanted, deployed).map(({ path }) => path)).toEqual(["origins.main.onward"]);
      expect(loadFaults(wanted, deployed).map(({ path }) => path)).toEqual(["origins.main.onward"]);
    },
  );
});

it("a token that was had for a secret does not go elsewhere: another address of its origin is refused", () => {
  const moved = (config: MutableConfig) => {
    withOnward(onward)(config);
    config.origins.main = { ...config.origins.main, url: "https://evil.test" };
  };
  expect(paths(moved, withOnward(onward))).toEqual(["origins.main.url"]);
  expect(loadFaults(made(moved), made(withOnward(onward))).map(({ path }) => path)).toEqual(["origins.main.url"]);
  expect(paths(moved, moved)).toEqual([]);
});

it("whoever shares a secret with the gate gets no other name and no other claims by what is published", () => {
  const partner =
    (settings: object = {}) =>
    (config: MutableConfig) => {
      const shared = { issuer: "https://shared.test", keys: { secretBinding: "PARTNER_SECRET" }, ...settings };
      config.gateway.trustedIssuers.push(shared as never);
    };
  const at = `gateway.trustedIssuers[${made(partner()).gateway.trustedIssuers.length - 1}]`;
  expect(paths(partner(), partner())).toEqual([]);
  expect(paths(partner({ issuer: "https://other.test" }), partner())).toEqual([at]);
  expect(paths(partner({ claims: { roles: "/groups" } }), partner())).toEqual([at]);
  const [wanted, deployed] = [made(partner({ audience: "urn:other" })), made(partner())];
  expect(loadFaults(wanted, deployed).map(({ path }) => path)).toEqual([at]);
});

it("what may be called on a private network is not published", () => {
  const reach = (config: MutableConfig) => {
    config.gateway.outboundOrigins = ["https://partner.test", "http://10.0.0.1"];
    config.origins.main = { ...config.origins.main, url: "http://10.0.0.1" };
  };
  expect(paths(reach)).toEqual(["gateway.outboundOrigins[1]"]);
  expect(paths(reach, reach)).toEqual([]);
});

it("what needs a queue or an object is not published where nothing that was deployed needs it", () => {
  const recorded = (config: MutableConfig) => {
    Object.assign(config.routes[0] ?? {}, { audit: "all" });
  };
  expect(paths(recorded)).toEqual(["gateway.audit"]);
  expect(paths(recorded, recorded)).toEqual([]);
});

describe("on a deployment", () => {
  it("no token outlives what the deployment remembers revocations for", () => {
    const long = made((config) => {
      config.issuer.accessTokenTtlSeconds = 3_600;
      config.issuer.idTokenTtlSeconds = 7_200;
      Object.assign(config.issuer.apis[0] ?? {}, { accessTokenTtlSeconds: 3_600 });
    });
    const { issuer } = onDeployment(long, made());
    expect([issuer.accessTokenTtlSeconds, issuer.idTokenTtlSeconds]).toEqual([900, 900]);
    expect(issuer.apis.map((api) => api.accessTokenTtlSeconds)).toEqual([900]);
  });

  it("hosts, key rotation and retention are the deployment's", () => {
    const deployed = made((config) => {
      config.issuer.hosts = ["id.test"];
      config.gateway.hosts = ["api2.test"];
      config.issuer.signingKeys = { rotateAfterSeconds: 100 };
    });
    const { issuer, gateway } = onDeployment(made(), deployed);
    expect([issuer.hosts, gateway.hosts]).toEqual([["id.test"], ["api2.test"]]);
    expect(issuer.signingKeys).toEqual(deployed.issuer.signingKeys);
  });
});
