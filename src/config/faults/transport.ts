import { isLoopbackHost } from "../../kernel/loopback.ts";
import type { ConfigFault } from "../fault.ts";
import type { Config, RouteConfig } from "../schema.ts";

/** The transport of `route` with what it takes over from the gateway. A set of pins needs a certificate to look at. */
export function transportOf({ transport }: RouteConfig, gateway: Config["gateway"]) {
  const { inTheClear, minTlsVersion, clientCertificate, pins } = transport;
  const whole = gateway.transport;
  const wanted = clientCertificate ?? whole.clientCertificate;
  return {
    inTheClear: inTheClear ?? whole.inTheClear,
    minTlsVersion: minTlsVersion ?? whole.minTlsVersion,
    clientCertificate: wanted === "none" && pins !== undefined ? ("required" as const) : wanted,
    pins: pins ?? null,
  };
}

/** Whether the gateway is one that answers in the clear: on the developer's own machine, and by no other name. */
export function isInDevelopment({ url }: Config["gateway"]): boolean {
  return new URL(url).protocol === "http:" && isLoopbackHost(new URL(url).hostname);
}

/** What is wrong with where the gateway answers. */
export function gatewayTransportFaults({ gateway }: Config): ConfigFault[] {
  const isSafe = new URL(gateway.url).protocol === "https:" || isInDevelopment(gateway);
  return isSafe ? [] : [{ path: "gateway.url", reason: "must be https: only this machine itself is called without" }];
}

/** What is wrong with how calls of one route have to come, `path` being where it stands. */
export function transportFaults({ gateway }: Config, route: RouteConfig, path: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const fault = (member: string, reason: string) => faults.push({ path: `${path}.transport.${member}`, reason });
  const { inTheClear, clientCertificate, pins } = transportOf(route, gateway);
  if (route.transport.inTheClear === "without_credential" && !route.public) {
    fault("inTheClear", "is for public routes: without a credential this one answers nobody");
  }
  if (clientCertificate === "bound" && route.public) {
    fault("clientCertificate", "a public route takes no token that could be bound: say `none` or `required`");
  } else if (clientCertificate === "bound" && route.credentials.some((credential) => credential !== "bearer")) {
    fault("clientCertificate", "tokens alone can be bound to a certificate: take `bearer` alone, or say `required`");
  }
  if (clientCertificate !== "none" && route.public && inTheClear === "without_credential") {
    fault("inTheClear", "a certificate is shown by TLS alone");
  }
  if (route.cookies.length > 0 && route.public && inTheClear === "without_credential") {
    fault("inTheClear", "the cookies that it passes are sessions of its origin: say `nothing`");
  }
  if (pins !== null && !Object.hasOwn(gateway.pins, pins)) fault("pins", `\`${pins}\` is not among gateway.pins`);
  if (pins !== null && route.transport.clientCertificate === "none") {
    fault("clientCertificate", "`none` leaves nothing that could be among the pins");
  }
  return faults;
}
