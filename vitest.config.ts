import { resolve } from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { unstable_readConfig } from "wrangler";
import type {} from "./test/support/property_seed.ts";

const workerd = cloudflareTest(async () => ({
  wrangler: { configPath: "./wrangler.toml" },
  miniflare: {
    bindings: {
      D1_MIGRATIONS: await readD1Migrations("src/adapters/migrations"),
      // Test keys of no other use: 32 bytes of zeros and of ones.
      SIGNING_KEK: `test:${"A".repeat(43)}`,
      IDENTITY_KEK: `test:${"_".repeat(42)}8`,
      GRANT_KEY: `test:${"B".repeat(42)}A`,
    },
  },
}));

const alias: Readonly<Record<string, string>> = unstable_readConfig({ config: "wrangler.toml" }).alias ?? {};
/** What stands in the place of packages in what is deployed: tests run that as well. Each name alone, and not what is below it. */
const deployed = Object.entries(alias).map(([name, path]) => ({
  find: new RegExp(`^${name}$`),
  replacement: resolve(path),
}));

/** How many files run at once. Some of them mostly wait, so two cores have work for two, and more would only be in each other's way. */
const AT_ONCE = 2;
/** For a machine that is several times slower than on a calm day: a test that hangs still ends. */
const PATIENCE_MS = 240_000;
/** What properties draw their cases from: the same in every run, or `PROPERTY_SEED=$RANDOM npm test` for others. */
const PROPERTY_SEED = Number(process.env.PROPERTY_SEED ?? 20_261_122);

const patient = { testTimeout: PATIENCE_MS, hookTimeout: PATIENCE_MS, expect: { poll: { timeout: PATIENCE_MS / 2 } } };

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [workerd],
        resolve: {
          alias: [...deployed, { find: /^fast-check$/, replacement: resolve("test/support/seeded_properties.ts") }],
        },
        test: {
          // Processed as our own files are, so that what it imports is replaced as well.
          server: { deps: { inline: [/@upstash\/ratelimit/] } },
          name: "workerd",
          globalSetup: ["./test/setup/redis.ts"],
          // One runtime for many files; what makes each of them begin anew all the same is in the setup file.
          isolate: false,
          setupFiles: ["./test/support/fresh_file.ts"],
          provide: { propertySeed: PROPERTY_SEED },
          maxWorkers: AT_ONCE,
          ...patient,
          include: ["test/{unit,flows,gateway,contract,workerd}/**/*.test.ts"],
        },
      },
      {
        test: {
          name: "node",
          include: ["test/e2e/**/*.test.ts"],
          setupFiles: ["./test/setup/fresh_connections.ts"],
          maxWorkers: AT_ONCE,
          sequence: { groupOrder: 1 },
          ...patient,
        },
      },
    ],
  },
});
