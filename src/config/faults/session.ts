import type { ConfigFault } from "../fault.ts";
import { hostsOf } from "../hosts.ts";
import type { Config, RouteConfig } from "../schema.ts";

/** What is wrong with the browser session as a credential. */
export function sessionFaults(config: Config): ConfigFault[] {
  const { gateway, routes } = config;
  const takers = routes.flatMap((route, index) => (takesSession(route) ? [`routes[${index}].credentials`] : []));
  if (gateway.session === undefined) {
    return takers.map((path) => ({ path, reason: "`session` needs `gateway.session`, which is not there" }));
  }
  const path = "gateway.session";
  const faults = takers.length === 0 ? [{ path, reason: "is used by no route" }] : [];
  return [...faults, ...placeFaults(config, path), ...scopeFaults(config, `${path}.scopes`)];
}

/** What is wrong with the session on one route, `path` being where it stands. */
export function routeSessionFaults({ gateway }: Config, route: RouteConfig, path: string): ConfigFault[] {
  if (!takesSession(route)) return [];
  const fault = (reason: string) => [{ path: `${path}.credentials`, reason }];
  if (route.public) return fault("a public route proves nobody, so `session` means nothing there");
  const missing = route.scopes.find((scope) => gateway.session?.scopes.includes(scope) === false);
  return missing === undefined ? [] : fault(`no session has \`${missing}\`, so that \`session\` opens nothing here`);
}

function takesSession({ credentials }: RouteConfig): boolean {
  return credentials.includes("session");
}

/** The cookie is one host's alone, and nothing here signs anybody in at another one. */
function placeFaults({ issuer, gateway }: Config, path: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const issuerHosts = new Set(hostsOf(issuer));
  for (const host of hostsOf(gateway).filter((one) => !issuerHosts.has(one))) {
    faults.push({
      path,
      reason: `\`${host}\` is no host of the issuer, whose cookie (\`__Host-\`) goes to its own hosts alone: serve the issuer there, or leave \`session\` out`,
    });
  }
  if (new URL(issuer.url).protocol !== new URL(gateway.url).protocol) {
    faults.push({ path, reason: "issuer and gateway must have one scheme: the cookie is bound to it" });
  }
  // Else a session would open what a token of the same person does not.
  if (!gateway.trustedIssuers.some((trusted) => trusted.issuer === issuer.url && trusted.keys === "ring")) {
    faults.push({ path, reason: "the issuer's own tokens open nothing here: it is not among gateway.trustedIssuers" });
  }
  return faults;
}

function scopeFaults({ issuer, gateway }: Config, path: string): ConfigFault[] {
  const scopes = gateway.session?.scopes ?? [];
  const own = issuer.apis.find((api) => api.resource === gateway.resource);
  return scopes.flatMap((scope, at) => {
    const place = `${path}[${at}]`;
    if (own === undefined || !Object.hasOwn(own.scopes, scope)) {
      return [{ path: place, reason: `\`${scope}\` is not a scope of ${gateway.resource}` }];
    }
    return scopes.indexOf(scope) < at ? [{ path: place, reason: `\`${scope}\` is repeated` }] : [];
  });
}
