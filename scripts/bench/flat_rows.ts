import { fileURLToPath } from "node:url";
import { bundle } from "../workers/bundle.ts";
import { COMMON_ROUTE, outsideIssuer } from "./bench_config.ts";
import { type Installation, once, URL_OF_ISSUER } from "./installation.ts";
import { turns } from "./load.ts";
import { plantKeys } from "./plant_keys.ts";
import type { Row } from "./row.ts";

const HOST = { host: "localhost" };
const AUDIENCE = `${URL_OF_ISSUER}/`;
const ISSUERS = 20;
/** As flat as anything can be shown to be. */
const FLOOR = 0.9;
const FEW_KEYS = 10;
/** Half of the keys that one isolate remembers. */
const KEYS_IN_USE = 4_000;

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const gateOf = (installation: Installation, config: string) =>
  once(async () => installation.gate(await bundle(at("../../src/worker.ts"), at(config))));

/**
 * A warm call costs the same in a large installation as in a small one: here the control is Sallyport itself, and the ratio that of the large to
 * the small. What "the same call" is:
 *
 * - routes: one call, to a route that both installations have, among 10 and among 5,000.
 * - issuers: twenty tokens in turn. Of one outside issuer where one is trusted, of twenty where twenty are.
 * - keys: ten in turn, where there are ten and where there are `keys`. A row without a floor has 4,000 of them in turn, half of what fits into an
 *   isolate's memory: each key is told to the origin by an identity of its own, which is signed anew every half-minute.
 */
export function flatRows(installation: Installation, keys: number): readonly Row[] {
  const { outsiders } = installation;
  const small = gateOf(installation, "./config.ts");
  const bearers = (issuers: number) =>
    Array.from({ length: ISSUERS }, (_, issuer) => ({
      ...HOST,
      authorization: `Bearer ${outsiders.token(outsideIssuer(issuer % issuers), AUDIENCE)}`,
    }));
  const against = async (config: string, path: string, issuers: number) => {
    const [target, control] = [await gateOf(installation, config)(), await small()];
    return {
      target: turns(`${target.url}${path}`, bearers(issuers), false),
      targetPid: target.pid,
      control: turns(`${control.url}${path}`, bearers(1), false),
      controlPid: control.pid,
    };
  };
  const keyed = (count: number) =>
    once(async () => {
      const { url, pid } = await installation.gate(await bundle(at("./keys.worker.ts"), at("./config.ts")));
      const planted = await plantKeys(url, count);
      const inTurn = (used: number) =>
        turns(
          `${url}/orders`,
          planted.slice(0, used).map((key) => ({ ...HOST, "x-api-key": key })),
          true,
        );
      return { pid, inTurn };
    });
  const [manyKeys, fewKeys] = [keyed(keys), keyed(FEW_KEYS)];
  const keysAgainst = async (used: number) => {
    const [many, few] = [await manyKeys(), await fewKeys()];
    return {
      target: many.inTurn(used),
      targetPid: many.pid,
      control: few.inTurn(FEW_KEYS),
      controlPid: few.pid,
    };
  };
  return [
    {
      group: "flat",
      name: "5,000 routes to 10",
      floor: FLOOR,
      prepare: () => against("./many_routes_config.ts", COMMON_ROUTE, 1),
    },
    {
      group: "flat",
      name: "20 issuers to 1",
      floor: FLOOR,
      prepare: () => against("./many_issuers_config.ts", "/orders", ISSUERS),
    },
    {
      group: "flat",
      name: `${keys.toLocaleString("en")} keys to ${FEW_KEYS}`,
      floor: FLOOR,
      prepare: () => keysAgainst(FEW_KEYS),
    },
    {
      group: "flat",
      name: `${keys.toLocaleString("en")} keys, ${KEYS_IN_USE.toLocaleString("en")} in turn`,
      floor: null,
      prepare: () => keysAgainst(KEYS_IN_USE),
    },
  ];
}
