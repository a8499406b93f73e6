import loadConfig from "../../sallyport.config.ts";
import { compileConfig } from "../../src/config/compile.ts";

/** What `wrangler.toml` sets for development; the environment's own values come first. */
const DEVELOPMENT = {
  ISSUER_URL: "http://localhost:8787",
  GATEWAY_URL: "http://localhost:8787",
  DEMO_ORIGIN_URL: "http://127.0.0.1:8788",
};

/** What the configuration is read with on this machine. */
export function developmentVariables(): typeof DEVELOPMENT {
  const { ISSUER_URL, GATEWAY_URL, DEMO_ORIGIN_URL } = { ...DEVELOPMENT, ...process.env };
  return { ISSUER_URL, GATEWAY_URL, DEMO_ORIGIN_URL };
}

/** Compiles the configuration as a Worker would and prints every fault with its place, or every route. */
export function checkCommand(): number {
  const compiled = compileConfig(loadConfig(developmentVariables()), Date.now());
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
