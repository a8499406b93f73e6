import { describe, expect, it } from "vitest";
import { ADDED, add, changed, faultsOf } from "../../support/changed_config.ts";

const PAGE = "https://app.example";

describe("connections that stay open", () => {
  it.each<[string, Record<string, unknown>]>([
    ["a WebSocket with nothing said of it", { webSocket: {} }],
    ["for pages", { webSocket: { origins: [PAGE, "http://localhost:3000"] } }],
    ["bounded", { webSocket: { maxSeconds: 60, idleSeconds: 10, maxMessageBytes: 1, maxBytes: 1 } }],
    ["that outlives its credential", { webSocket: { closeWithCredential: false } }],
    ["that the platform passes on", { webSocket: { relay: "platform", origins: [PAGE] } }],
    ["of the platform, saying that it does not end", { webSocket: { relay: "platform", closeWithCredential: false } }],
    ["open to anyone", { public: true, webSocket: {} }],
    ["a body that ends with its credential", { stream: {} }],
    ["a public body that ends in time", { public: true, stream: { closeWithCredential: false, maxSeconds: 60 } }],
  ])("right: %s", (_, route) => {
    expect(faultsOf(changed(add(route)))).toEqual([]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["an unknown member", { webSocket: { codes: 1 } }, "webSocket: Unrecognized key"],
    ["a wildcard", { webSocket: { origins: ["https://*.example"] } }, "webSocket.origins[0]: has a wildcard"],
    ["the origin of sandboxes", { webSocket: { origins: ["null"] } }, "webSocket.origins[0]: `null`"],
    ["plain http", { webSocket: { origins: ["http://app.example"] } }, "webSocket.origins[0]: is plain http"],
    [
      "an origin twice",
      { webSocket: { origins: [PAGE, PAGE] } },
      "webSocket.origins[1]: `https://app.example` is repeated",
    ],
    ["another method", { methods: ["GET", "POST"], webSocket: {} }, "webSocket: is opened by GET"],
    [
      "pages of a list",
      { pageSize: { parameter: "limit", max: 10 }, webSocket: {} },
      "webSocket: has messages in the place",
    ],
    ["a body", { webSocket: {}, stream: {} }, "webSocket: has no body"],
    [
      "a credential of nobody",
      { public: true, webSocket: { closeWithCredential: true } },
      "webSocket.closeWithCredential: a public",
    ],
    [
      "the gate's bounds by the platform",
      { webSocket: { relay: "platform", maxSeconds: 60 } },
      "webSocket.maxSeconds: is the gate's",
    ],
    [
      "its end by the platform",
      { webSocket: { relay: "platform", closeWithCredential: true } },
      "webSocket.closeWithCredential: is the gate's",
    ],
    [
      "a silence longer than its life",
      { webSocket: { maxSeconds: 60, idleSeconds: 60 } },
      "webSocket.idleSeconds: is never reached",
    ],
    ["a day and more", { webSocket: { maxSeconds: 86_401 } }, "webSocket.maxSeconds: "],
    ["more than the platform takes", { webSocket: { maxMessageBytes: 2 ** 26 } }, "webSocket.maxMessageBytes: "],
    ["a public body with a credential", { public: true, stream: {} }, "stream.closeWithCredential: a public"],
    ["a body that nothing bounds", { stream: { closeWithCredential: false } }, "stream: bounds nothing"],
  ])("wrong: %s", (_, route, reason) => {
    const faults = faultsOf(changed(add(route)));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(`${ADDED}.${reason}`);
  });

  it("wrong: counted places at an origin whose connections end unseen", () => {
    const faults = faultsOf(
      changed((config) => {
        Object.assign(config.origins.main ?? {}, { maxConcurrent: 5 });
        add({ webSocket: { relay: "platform" } })(config);
      }),
    );
    expect(faults).toEqual([expect.stringContaining(`${ADDED}.webSocket.relay: nobody would know`)]);
  });
});
