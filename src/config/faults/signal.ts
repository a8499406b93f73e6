import type { ConfigFault } from "../fault.ts";
import type { Config, RouteConfig } from "../schema.ts";

/** Whether `route` looks for signals: a route that proves nobody has no one to look at. */
export function isWatched({ gateway }: Pick<Config, "gateway">, route: RouteConfig): boolean {
  return !route.public && (route.signals ?? gateway.signals);
}

/** Whether a signal may ask for a proof that a person is there. */
export function signalsChallenge({ signals }: Pick<Config, "signals">): boolean {
  return kinds(signals).some((kind) => kind?.action === "challenge");
}

/** What is wrong with the signals, and with the routes that look for them. */
export function signalFaults(config: Config): ConfigFault[] {
  const { signals, gateway, routes } = config;
  const asks = [
    ...(gateway.signals ? ["gateway.signals"] : []),
    ...routes.flatMap((route, index) => (route.signals === true ? [`routes[${index}].signals`] : [])),
  ];
  const faults = routes.flatMap((route, index) =>
    route.public && route.signals === true
      ? [{ path: `routes[${index}].signals`, reason: "a public route proves nobody, so it has nobody to know" }]
      : [],
  );
  if (signals === undefined)
    return [...faults, ...asks.map((path) => ({ path, reason: "needs `signals`, which is not there" }))];
  if (kinds(signals).every((kind) => kind === undefined)) faults.push({ path: "signals", reason: "looks for nothing" });
  if (!routes.some((route) => isWatched(config, route)))
    faults.push({ path: "signals", reason: "is used by no route" });
  return faults;
}

function kinds(signals: Config["signals"]) {
  return [signals?.newCountry, signals?.impossibleTravel, signals?.rate, signals?.errors];
}
