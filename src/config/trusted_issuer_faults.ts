import type { ConfigFault } from "./fault.ts";
import type { Config, TrustedIssuerConfig } from "./schema.ts";

/** What is wrong with the issuers whose tokens open routes: contradictions, and trust that would reach too far. */
export function trustedIssuerFaults({ issuer, gateway }: Config): ConfigFault[] {
  return gateway.trustedIssuers.flatMap((trusted, index) => {
    const path = `gateway.trustedIssuers[${index}]`;
    const first = gateway.trustedIssuers.findIndex((other) => other.issuer === trusted.issuer);
    return [
      ...(first === index ? [] : [{ path: `${path}.issuer`, reason: "is declared twice" }]),
      ...(trusted.issuer === issuer.url
        ? ownIssuerFaults(trusted, { issuer, gateway }, path)
        : otherIssuerFaults(trusted, path)),
    ];
  });
}

type Parties = Pick<Config, "issuer" | "gateway">;

function ownIssuerFaults(trusted: TrustedIssuerConfig, { issuer, gateway }: Parties, path: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (trusted.keys !== "ring") faults.push({ path: `${path}.keys`, reason: "must be `ring` for this issuer" });
  const audiences = audiencesOf(trusted, gateway.resource);
  for (const { resource, algorithm } of issuer.apis) {
    if (audiences.includes(resource) && !trusted.algorithms.includes(algorithm)) {
      faults.push({ path: `${path}.algorithms`, reason: `lacks ${algorithm}, which signs this API's tokens` });
    }
  }
  if (audiences.includes(issuer.url)) {
    faults.push({ path: `${path}.audience`, reason: "names the issuer, whose tokens are for itself alone" });
  }
  const isReshaped = trusted.shape !== "at+jwt" || Object.keys(trusted.claims).length > 0;
  if (isReshaped || Object.keys(trusted.requiredClaims).length > 0) {
    faults.push({ path, reason: "this issuer's tokens are read as it mints them: no shape, claims or requiredClaims" });
  }
  return faults;
}

function otherIssuerFaults(trusted: TrustedIssuerConfig, path: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (trusted.keys === "ring") faults.push({ path: `${path}.keys`, reason: "must not be `ring` for this issuer" });
  if (trusted.shape === "cognito" && trusted.audience === undefined) {
    faults.push({
      path: `${path}.audience`,
      reason: "must name the app clients of this API: such tokens have no other audience",
    });
  }
  // The client is what tells an untyped access token from an ID token: looked for elsewhere, something else has to.
  const isLoose = trusted.shape === "generic-jwt" && trusted.claims.clientId !== undefined;
  if (isLoose && Object.keys(trusted.requiredClaims).length === 0) {
    faults.push({
      path: `${path}.requiredClaims`,
      reason: "must name a claim that only access tokens have, where `generic-jwt` maps the client",
    });
  }
  return faults;
}

/** What tokens of `trusted` must be for. */
export function audiencesOf({ audience }: TrustedIssuerConfig, resource: string): readonly string[] {
  if (audience === undefined) return [resource];
  return typeof audience === "string" ? [audience] : audience;
}
