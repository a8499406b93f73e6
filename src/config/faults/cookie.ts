import type { ConfigFault } from "../fault.ts";
import type { Config, RouteConfig } from "../schema.ts";
import { effectiveCors } from "./cors.ts";

/** Ways to prove oneself by a header that a page has to set: no browser sends these by itself. */
const IN_HEADERS: ReadonlySet<string> = new Set(["bearer", "secret_key", "publishable_key"]);

/** What is wrong with the cookies of one route, `path` being where it stands. */
export function routeCookieFaults({ cookies, cors, ...route }: RouteConfig, path: string): ConfigFault[] {
  const faults: ConfigFault[] = cookies.flatMap((name, at) =>
    cookies.indexOf(name) < at ? [{ path: `${path}.cookies[${at}]`, reason: `\`${name}\` is repeated` }] : [],
  );
  if (typeof cors === "object" && cors.credentials && !readsCookies({ cookies, ...route })) {
    faults.push({
      path: `${path}.cors.credentials`,
      reason: "the route passes no cookies, so none need be sent along",
    });
  }
  return faults;
}

/** The gateway's word that browsers may send cookies along has to mean something to a route. */
export function gatewayCookieFaults({ gateway, routes }: Config): ConfigFault[] {
  if (typeof gateway.cors === "string" || !gateway.cors.credentials) return [];
  const isHeard = routes.some((route) => effectiveCors(route, gateway) === gateway.cors && readsCookies(route));
  if (isHeard) return [];
  return [{ path: "gateway.cors.credentials", reason: "no route that it holds for passes cookies" }];
}

function readsCookies(route: Pick<RouteConfig, "public" | "cookies" | "credentials">): boolean {
  return route.cookies.length > 0 || (!route.public && route.credentials.some((kind) => !IN_HEADERS.has(kind)));
}
