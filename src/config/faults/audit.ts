import { everyRoute } from "../authzen_routes.ts";
import type { ConfigFault } from "../fault.ts";
import type { Config } from "../schema.ts";

/** Settings of the audit trail that nothing follows from. */
export function auditFaults(config: Config): ConfigFault[] {
  const { audit } = config.gateway;
  const routes = everyRoute(config);
  const takesKeys = routes.some(
    (route) => !route.public && route.credentials.some((credential) => credential !== "bearer"),
  );
  const faults: ConfigFault[] = [];
  if (audit.keyUses !== "none" && !takesKeys) {
    faults.push({ path: "gateway.audit.keyUses", reason: "no API key opens any route" });
  }
  if (audit.address !== "unit" && audit.keyUses === "none" && routes.every((route) => route.audit === "none")) {
    faults.push({ path: "gateway.audit.address", reason: "no decision and no use of a key is recorded" });
  }
  return faults;
}
