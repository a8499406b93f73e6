import type { RouteTransport } from "../access/gate.ts";
import type { GatePins, PinSet } from "../access/pins.ts";
import { PinLog } from "../adapters/pin_log.ts";
import { DeploymentFault } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { pinDigest } from "../config/faults/pin.ts";
import type { CompiledRoute } from "../config/faults/route.ts";
import { isInDevelopment, transportOf } from "../config/faults/transport.ts";
import type { Kept } from "../kernel/kept.ts";
import { parseCertificateDigest } from "../policy/connection.ts";

/*
 * The wiring of how calls have to come: TLS, certificates and pins.
 */

const DAY_MS = 24 * 60 * 60_000;

/** The sets of pins by name. They share one log. */
export function pinSets({ gateway }: CompiledConfig, kept: Kept): ReadonlyMap<string, PinSet> {
  const notices = kept.keep("pin_log", null, () => new PinLog());
  return new Map(
    Object.entries(gateway.pins).map(([name, { pins, warnDays }]): [string, PinSet] => {
      const held = pins.map(({ sha256, from, until, backup }) => {
        const digest = parseCertificateDigest(pinDigest(sha256));
        if (digest === null) throw new Error("a digest that the schema let through");
        return [digest, { fromMs: Date.parse(from), untilMs: Date.parse(until), isBackup: backup }] as const;
      });
      return [name, { name, pins: new Map(held), warnMs: warnDays * DAY_MS, notices }];
    }),
  );
}

/** Who is held to which set; null where nobody is, so that no call pays for it. */
export function gatePins({ issuer, gateway }: CompiledConfig, sets: ReadonlyMap<string, PinSet>): GatePins | null {
  const clients = new Map<string, Map<string, PinSet>>();
  const keyOwners = new Map<string, PinSet>();
  for (const [name, set] of sets) {
    const config = gateway.pins[name];
    for (const client of config?.clients ?? []) {
      const { issuer: from, id } = typeof client === "string" ? { issuer: issuer.url, id: client } : client;
      clients.set(from, (clients.get(from) ?? new Map<string, PinSet>()).set(id, set));
    }
    for (const owner of config?.keyOwners ?? []) keyOwners.set(owner, set);
  }
  return clients.size + keyOwners.size === 0 ? null : { clients, keyOwners };
}

/** How calls of `route` have to come. */
export function routeTransport(
  route: CompiledRoute,
  gateway: CompiledConfig["gateway"],
  sets: ReadonlyMap<string, PinSet>,
): RouteTransport {
  const { inTheClear, minTlsVersion, clientCertificate, pins } = transportOf(route, gateway);
  const set = pins === null ? null : sets.get(pins);
  if (set === undefined) throw new DeploymentFault(`route ${route.id} has no set of pins`);
  return {
    // A closed route has nothing to say to a call without a credential.
    inTheClear: route.public ? inTheClear : "nothing",
    loopbackInTheClear: isInDevelopment(gateway),
    leastTls: minTlsVersion === "platform" ? null : minTlsVersion,
    certificate: clientCertificate === "none" ? null : { bindsToken: clientCertificate === "bound", pins: set },
  };
}

/** Whether the gateway asks for certificates where it takes tokens, so that tokens bound to one are of use here (RFC 9728 §2). */
export function takesBoundTokens({ routes, gateway }: CompiledConfig): boolean {
  return routes.some(
    (route) =>
      !route.public && route.credentials.includes("bearer") && transportOf(route, gateway).clientCertificate !== "none",
  );
}
