import loadConfig, { type ConfigVariables } from "../../sallyport.config.ts";
import type { ConfigInput } from "../../src/config/schema.ts";

/** What `wrangler.toml` sets for development. */
const DEVELOPMENT: ConfigVariables = {
  ISSUER_URL: "http://localhost:8787",
  GATEWAY_URL: "http://localhost:8787",
  DEMO_ORIGIN_URL: "http://127.0.0.1:8788",
};

/** What `sallyport.config.ts` makes: of the environment's own values first, then of `preset`, then of development's. */
export function writtenConfig(preset: Partial<ConfigVariables> = {}): ConfigInput {
  const { ISSUER_URL, GATEWAY_URL, DEMO_ORIGIN_URL } = { ...DEVELOPMENT, ...preset, ...process.env };
  return loadConfig({ ISSUER_URL, GATEWAY_URL, DEMO_ORIGIN_URL });
}
