import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressUnit } from "../../../src/http/client_address.ts";
import { widerNetworks } from "../../../src/protocol/address_networks.ts";

const networksOf = (address: string) => widerNetworks(addressUnit(address)).map(({ network }) => network);

describe("the networks that an address lies in", () => {
  it.each([
    ["2001:db8:1:2ff::7", ["2001:db8:1:200::/56", "2001:db8:1::/48"]],
    ["2001:DB8:1:02FF:9:9:9:9", ["2001:db8:1:200::/56", "2001:db8:1::/48"]],
    ["2001:db8::", ["2001:db8:0:0::/56", "2001:db8:0::/48"]],
    ["2001:db8:1:00ff::", ["2001:db8:1:0::/56", "2001:db8:1::/48"]],
    ["::1", ["0:0:0:0::/56", "0:0:0::/48"]],
  ])("%s: a /56 and a /48, however it is written", (address, networks) => {
    expect(networksOf(address)).toEqual(networks);
  });

  it.each(["192.0.2.7", "::ffff:192.0.2.7", "worker:shop.example", "unknown", "", "2001:db8::/48"])(
    "%s: none",
    (address) => {
      expect(widerNetworks(address.includes("/") ? address : addressUnit(address))).toEqual([]);
    },
  );

  it("two addresses share one exactly where their first 56 or 48 bits are the same; the wider one has more", () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const few = fc.oneof(group, fc.constantFrom(0, 1, 0xff, 0x100, 0xffff));
    const groups = fc.tuple(few, few, few, few);
    fc.assert(
      fc.property(groups, groups, fc.integer({ min: 0, max: 4 }), (one, other, shared) => {
        const another = other.map((value, at) => (at < shared ? (one[at] ?? 0) : value));
        const [[a, b], [c, d]] = [one, another].map((parts) =>
          widerNetworks(addressUnit(`${parts.map((part) => part.toString(16)).join(":")}::1`)),
        ) as [ReturnType<typeof widerNetworks>, ReturnType<typeof widerNetworks>];
        const same48 = one.slice(0, 3).every((value, at) => value === another[at]);
        const same56 = same48 && (one[3] ?? 0) >> 8 === (another[3] ?? 0) >> 8;
        expect([a?.network === c?.network, b?.network === d?.network]).toEqual([same56, same48]);
        expect(1 < (a?.times ?? 0) && (a?.times ?? 0) < (b?.times ?? 0)).toBe(true);
      }),
    );
  });
});
