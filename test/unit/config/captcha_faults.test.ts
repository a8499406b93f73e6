import { describe, expect, it } from "vitest";
import { ADDED, add, changed, faultsOf } from "../../support/changed_config.ts";

const CAPTCHA = { siteKey: "0x4", secretBinding: "TURNSTILE_SECRET", hostnames: ["app.example.com"] };
const LIST = { action: "challenge", reason: "odd", expires: "never", ranges: ["203.0.113.0/24"] };

function faults(captcha: object | null, route: Record<string, unknown>, lists: Record<string, object> = {}) {
  return faultsOf(
    changed((config) => {
      if (captcha !== null) config.captcha = { ...CAPTCHA, ...captcha };
      config.lists = lists;
      add(route)(config);
    }),
  );
}

describe("challenges for people", () => {
  it("are right, by a route and by a list", () => {
    expect(faults({}, { captcha: {} })).toEqual([]);
    expect(faults({}, { lists: ["odd"] }, { odd: LIST })).toEqual([]);
    expect(faults({}, { lists: ["odd"], captcha: { when: "challenged" } }, { odd: LIST })).toEqual([]);
  });

  it.each([
    [null, { captcha: {} }, `${ADDED}.captcha: needs \`captcha\`, which is not there`],
    [{}, {}, "captcha: is used by nothing"],
    [
      { hostnames: [] },
      { captcha: {} },
      "captcha.hostnames: must name the sites on which challenges of routes are solved",
    ],
    [{ verifyUrl: "https://10.0.0.1/" }, { captcha: {} }, "captcha.verifyUrl: is not called: url_host_not_public"],
    [
      { verifyUrl: "http://verify.example/" },
      { captcha: {} },
      "captcha.verifyUrl: is not called: url_scheme_not_allowed",
    ],
    [
      {},
      { captcha: { when: "challenged" } },
      `${ADDED}.captcha.when: nothing challenges here: no list and no signal with \`challenge\``,
    ],
  ])("%j, %j", (captcha, route, fault) => {
    expect(faults(captcha, route)).toContain(fault);
  });

  it("a list that challenges needs them", () => {
    expect(faults(null, { lists: ["odd"] }, { odd: LIST })).toEqual([
      "lists.odd.action: needs `captcha`, which is not there",
    ]);
  });

  it("actions of the issuer are not for routes", () => {
    expect(faults({}, { captcha: { action: "sallyport_login" } })[0]).toMatch(/captcha\.action: is no action/);
  });
});

describe("the issuer's own", () => {
  const issuer = (captcha: object | null, url = "https://issuer.test") =>
    faultsOf(
      changed((config) => {
        if (captcha !== null) config.captcha = { ...CAPTCHA, hostnames: [], ...captcha };
        config.issuer.captcha = {};
        if (url !== config.issuer.url) config.issuer.url = url;
      }),
    );

  it("needs no other sites, but the service", () => {
    expect(issuer({})).toEqual([]);
    expect(issuer(null)).toEqual(["issuer.captcha: needs `captcha`, which is not there"]);
  });

  it("loads the widget from nowhere but Turnstile in earnest", () => {
    const fault = "captcha.scriptUrl: may be another than Turnstile's in development alone";
    expect(issuer({ scriptUrl: "https://evil.example/api.js" })).toEqual([fault]);
    expect(issuer({ scriptUrl: "http://127.0.0.1:9999/api.js" }, "http://localhost:8787")).not.toContain(fault);
  });
});
