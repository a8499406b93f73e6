import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLOSINGS, relayedClosing } from "../../../src/protocol/websocket_close.ts";
import { chosenProtocol, readOfferedProtocols } from "../../../src/protocol/websocket_protocols.ts";

describe("RFC 6455 1.9: subprotocols", () => {
  it("what is for the gate is taken out, the rest keeps its order", () => {
    expect(readOfferedProtocols("b, sallyport, sallyport.bearer.t.o.k, a ,sallyport.key.sk_live_x")).toEqual({
      onward: ["b", "a"],
      bearers: ["t.o.k"],
      apiKeys: ["sk_live_x"],
      offersGate: true,
    });
    expect(readOfferedProtocols(null)).toEqual({ onward: [], bearers: [], apiKeys: [], offersGate: false });
    expect(readOfferedProtocols("sallyport-chat")?.onward).toEqual(["sallyport-chat"]);
  });

  it("whatever is sent, nothing under the gate's name goes on, and what goes on are tokens", () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom("sallyport.bearer.x", "SALLYPORT.key.x", "sallyport", "chat", ""),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 25 }), (parts) => {
        const onward = readOfferedProtocols(parts.join(","))?.onward ?? [];
        for (const one of onward) {
          expect(one.toLowerCase()).not.toMatch(/^sallyport(\.|$)/);
          expect(one).toMatch(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/);
        }
        expect(onward.length).toBeLessThanOrEqual(20);
      }),
    );
  });

  it("the caller is told what the origin chose of what it was offered, else the gate's own name where it was offered", () => {
    const offered = { onward: ["a"], bearers: [], apiKeys: [], offersGate: false };
    expect(chosenProtocol(offered, "a")).toBe("a");
    expect(chosenProtocol(offered, null)).toBe(null);
    expect(chosenProtocol(offered, "b")).toBe(undefined);
    expect(chosenProtocol(offered, "sallyport")).toBe(undefined);
    expect(chosenProtocol({ ...offered, offersGate: true }, null)).toBe("sallyport");
    expect(chosenProtocol({ ...offered, offersGate: true }, "a")).toBe("a");
  });
});

describe("RFC 6455 7.4: how one side's end is told to the other", () => {
  it.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999])(
    "%i as it is",
    (code) => {
      expect(relayedClosing(code, "why")).toEqual({ code, reason: "why" });
    },
  );

  it.each([0, 999, 1004, 1006, 1015, 1016, 2999, 5000])("%i is said by no frame: that side was lost", (code) => {
    expect(relayedClosing(code, "")).toBe(null);
  });

  it("1005 is a frame without a code; a reason that fits into none is left out", () => {
    expect(relayedClosing(1005, "")).toEqual({ code: null, reason: "" });
    expect(relayedClosing(1000, "✓".repeat(42))).toEqual({ code: 1000, reason: "" });
    expect(relayedClosing(1000, "✓".repeat(41))).toEqual({ code: 1000, reason: "✓".repeat(41) });
  });

  it("each end of the gate's own can be said", () => {
    for (const { code, reason } of Object.values(CLOSINGS))
      expect(relayedClosing(code, reason)).toEqual({ code, reason });
  });
});
