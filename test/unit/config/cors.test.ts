import { describe, expect, it } from "vitest";
import { ADDED, add, changed, faultsOf, type MutableConfig } from "../../support/changed_config.ts";

const APP = "https://app.example";
const cors = (more: object = {}) => ({ origins: [APP], ...more });

function gatewayCors(more: object = {}) {
  return (config: MutableConfig) => {
    config.gateway.cors = cors(more);
  };
}

describe("who may call by script", () => {
  const right: [string, (config: MutableConfig) => void][] = [
    ["a route's own origins", add({ cors: cors() })],
    [
      "a gateway's, for routes that say nothing",
      (c) => [gatewayCors({ credentials: true })(c), add({ cookies: ["theme"] })(c)],
    ],
    ["nobody, though the gateway has a list", (c) => [gatewayCors()(c), add({ cors: "none" })(c)]],
    ["the origin itself, preflights included", add({ methods: ["GET", "OPTIONS"], cors: "origin" })],
    ["OPTIONS without a word of scripts", add({ methods: ["OPTIONS"] })],
    ["headers beside those of the route", add({ cors: cors({ requestHeaders: ["Idempotency-Key", "X-API-Key"] }) })],
    ["a page on the developer's machine", add({ cors: cors({ origins: ["http://localhost:5173"] }) })],
    [
      "two routes of one path with different lists",
      (c) => {
        add({ cors: cors() })(c);
        add({ methods: ["POST"], cors: cors({ origins: ["https://other.example"] }) })(c);
      },
    ],
  ];
  it.each(right)("%s", (_, change) => expect(faultsOf(changed(change))).toEqual([]));

  const wrong: [string, (config: MutableConfig) => void, RegExp][] = [
    ["any origin", add({ cors: cors({ origins: ["*"] }) }), /^routes\[\d+\]\.cors\.origins\[0\]: .*wildcard/],
    ["every subdomain", add({ cors: cors({ origins: ["https://*.app.example"] }) }), /wildcard/],
    ["the origin of sandboxed pages", add({ cors: cors({ origins: ["null"] }) }), /sandboxed/],
    ["a path", add({ cors: cors({ origins: [`${APP}/x`] }) }), /as browsers write it/],
    ["a slash at the end", add({ cors: cors({ origins: [`${APP}/`] }) }), /as browsers write it/],
    ["upper case", add({ cors: cors({ origins: ["https://App.example"] }) }), /as browsers write it/],
    ["the port that https has anyway", add({ cors: cors({ origins: [`${APP}:443`] }) }), /as browsers write it/],
    ["plain http", add({ cors: cors({ origins: ["http://app.example"] }) }), /plain http/],
    ["nobody, in an empty list", add({ cors: cors({ origins: [] }) }), /too small/i],
    [
      "an origin twice",
      add({ cors: cors({ origins: [APP, APP] }) }),
      /origins\[1\]: `https:\/\/app\.example` is repeated/,
    ],
    ["a gateway with a bad origin", gatewayCors({ origins: ["*"] }), /^gateway\.cors\.origins\[0\]: .*wildcard/],
    [
      "cookies for a plain http page",
      add({ cookies: ["theme"], cors: cors({ origins: ["http://localhost:5173"], credentials: true }) }),
      new RegExp(`^${ADDED.replace(/[[\]]/g, "\\$&")}\\.cors\\.credentials: .*plain http`),
    ],
    ["every header", add({ cors: cors({ requestHeaders: ["*"] }) }), /requestHeaders\[0\]: .*wildcard/],
    ["a header that no origin gets", add({ cors: cors({ requestHeaders: ["X-Forwarded-For"] }) }), /no origin gets/],
    [
      "a header with a line break",
      add({ cors: cors({ requestHeaders: ["X-A\r\nSet-Cookie"] }) }),
      /not the name of a header/,
    ],
    [
      "a header twice in two spellings",
      add({ cors: cors({ requestHeaders: ["X-A", "x-a"] }) }),
      /requestHeaders\[1\]: `x-a` is repeated/,
    ],
    ["an answer's cookies exposed", add({ cors: cors({ exposedHeaders: ["Set-Cookie"] }) }), /no caller gets/],
    ["all of an answer exposed", add({ cors: cors({ exposedHeaders: ["*"] }) }), /exposedHeaders\[0\]: .*wildcard/],
    ["a preflight remembered for ever", add({ cors: cors({ maxAgeSeconds: 86_401 }) }), /too big/i],
    ["another word", add({ cors: "any" }), /cors: /],
    [
      "OPTIONS and a list",
      add({ methods: ["GET", "OPTIONS"], cors: cors() }),
      /^routes: `GET,OPTIONS \/added`: OPTIONS is listed/,
    ],
    [
      "OPTIONS of another route of the path",
      (c) => {
        add({ path: "/pets/:id", cors: cors() })(c);
        add({ path: "/pets/:name", methods: ["OPTIONS"] })(c);
      },
      /^routes: `GET \/pets\/:id`: OPTIONS/,
    ],
    [
      "OPTIONS under the gateway's list",
      (c) => {
        c.gateway.cors = cors();
        add({ methods: ["GET", "OPTIONS"] })(c);
      },
      /^routes: `GET,OPTIONS \/added`: OPTIONS/,
    ],
    [
      "a gateway's list that no route takes",
      (c) => {
        c.gateway.cors = cors();
        for (const route of c.routes) route.cors = "none";
      },
      /^gateway\.cors: is used by no route/,
    ],
  ];
  it.each(wrong)("not %s", (_, change, fault) => {
    const faults = faultsOf(changed(change));
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.filter((text) => !fault.test(text))).toEqual([]);
  });
});
