import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const workerd = cloudflareTest(async () => ({
  wrangler: { configPath: "./wrangler.toml" },
  miniflare: {
    bindings: { D1_MIGRATIONS: await readD1Migrations("src/adapters/migrations") },
  },
}));

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [workerd],
        test: {
          name: "workerd",
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
