import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

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

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [workerd],
        test: {
          name: "workerd",
          globalSetup: ["./test/setup/redis.ts"],
          // Properties and storms take seconds on a busy machine; a test that hangs still ends.
          testTimeout: 30_000,
          include: ["test/{unit,flows,gateway,contract,workerd}/**/*.test.ts"],
        },
      },
      {
        test: {
          name: "node",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
