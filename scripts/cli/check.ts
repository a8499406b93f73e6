import { judgeConfig } from "../../src/config/judge.ts";
import { writtenConfig } from "./written_config.ts";

/** Compiles the configuration as a Worker would and prints every fault with its place, or every route. */
export function checkCommand(): number {
  const compiled = judgeConfig(writtenConfig(), Date.now());
  if (!compiled.ok) {
    for (const { path, reason } of compiled.error) console.error(`${path}: ${reason}`);
    return 1;
  }
  for (const route of compiled.value.routes) {
    const demands = [...route.scopes, ...route.roles.map((role) => `role ${role}`)].join(", ");
    const access = route.public ? "public" : demands || "any principal";
    console.log(
      `${route.methods.join(",").padEnd(12)} ${route.path.padEnd(28)} ${access.padEnd(28)} -> ${route.origin}`,
    );
  }
  return 0;
}
