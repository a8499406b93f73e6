import { expect, it } from "vitest";
import { ADDED, add, changed, faultsOf, type MutableConfig } from "../../support/changed_config.ts";

const faults = (
  signals: object | undefined,
  route: Record<string, unknown>,
  more: (config: MutableConfig) => void = () => undefined,
) =>
  faultsOf(
    changed((config) => {
      config.signals = signals;
      add(route)(config);
      more(config);
    }),
  );

it("signals are right on a route, and as the gateway's default", () => {
  expect(faults({ errors: {} }, { signals: true })).toEqual([]);
  expect(
    faults({ newCountry: {}, impossibleTravel: {}, rate: {} }, {}, (config) => {
      config.gateway.signals = true;
    }),
  ).toEqual([]);
});

it.each([
  [undefined, { signals: true }, [`${ADDED}.signals: needs \`signals\`, which is not there`]],
  [{ errors: {} }, {}, ["signals: is used by no route"]],
  [{}, { signals: true }, ["signals: looks for nothing"]],
  [
    { errors: {} },
    { public: true, signals: true },
    [`${ADDED}.signals: a public route proves nobody, so it has nobody to know`, "signals: is used by no route"],
  ],
  [{ errors: { action: "challenge" } }, { signals: true }, ["signals: needs `captcha`, which is not there"]],
])("%j, %j", (signals, route, expected) => {
  expect(faults(signals, route).toSorted()).toEqual(expected.toSorted());
});
