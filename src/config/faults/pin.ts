import type { ConfigFault } from "../fault.ts";
import type { Config, PinSetConfig } from "../schema.ts";

/** What is wrong with sets of pins, but for when they are taken: see `pinRotationFaults`. */
export function pinFaults({ issuer, gateway, routes }: Config): ConfigFault[] {
  const sets = Object.entries(gateway.pins);
  const onRoutes = new Set(routes.map((route) => route.transport.pins));
  const trusted = new Set(gateway.trustedIssuers.map((other) => other.issuer));
  const faults: ConfigFault[] = [];
  const held = new Map<string, string>();
  for (const [name, set] of sets) {
    const path = `gateway.pins.${name}`;
    if (!onRoutes.has(name) && set.clients.length + set.keyOwners.length === 0) {
      faults.push({ path, reason: "holds no client, no owner of keys and no route to anything" });
    }
    faults.push(...doubledFaults(set, path));
    for (const [place, who] of whoIsHeld(set, issuer.url, path)) {
      const other = held.get(who);
      if (other !== undefined) faults.push({ path: place, reason: `is held to \`${other}\` already` });
      held.set(who, name);
    }
    for (const [index, client] of set.clients.entries()) {
      const from = typeof client === "string" ? issuer.url : client.issuer;
      if (!trusted.has(from)) faults.push({ path: `${path}.clients[${index}]`, reason: `${from} is not trusted` });
    }
  }
  return faults;
}

/** One pin with two times would be taken at whichever stands last. */
function doubledFaults({ pins }: PinSetConfig, path: string): ConfigFault[] {
  const digests = pins.map(({ sha256 }) => pinDigest(sha256));
  return digests.flatMap((digest, index) =>
    digests.indexOf(digest) === index ? [] : [{ path: `${path}.pins[${index}].sha256`, reason: "is pinned twice" }],
  );
}

function whoIsHeld({ clients, keyOwners }: PinSetConfig, own: string, path: string): [place: string, who: string][] {
  const asClient = clients.map((client) => (typeof client === "string" ? { issuer: own, id: client } : client));
  return [
    ...asClient.map(({ issuer, id }, index): [string, string] => [
      `${path}.clients[${index}]`,
      JSON.stringify(["client", issuer, id]),
    ]),
    ...keyOwners.map((owner, index): [string, string] => [
      `${path}.keyOwners[${index}]`,
      JSON.stringify(["owner", owner]),
    ]),
  ];
}

/** A pin's digest as edges tell it: 64 hexadecimal digits, lower case. */
export function pinDigest(sha256: string): string {
  return sha256.replaceAll(":", "").toLowerCase();
}
