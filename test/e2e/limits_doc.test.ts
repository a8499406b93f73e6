import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { compileConfig } from "../../src/config/compile.ts";

const GATEWAY = "https://api.example";
const ISSUER = "https://id.example";

test("docs/limits.md: its example is a configuration that holds", () => {
  const [, example = ""] = /```ts\n([\s\S]*?)```/.exec(readFileSync("docs/limits.md", "utf8")) ?? [];
  const shown: unknown = JSON.parse(runInNewContext(`JSON.stringify({${example}})`));
  const installation = {
    version: 1,
    issuer: { url: ISSUER, apis: [{ resource: `${GATEWAY}/`, scopes: {} }] },
    gateway: { url: GATEWAY, resource: `${GATEWAY}/`, trustedIssuers: [{ issuer: ISSUER, keys: "ring" }] },
    origins: { docs: { url: "https://docs.example", audience: "urn:example:docs" } },
  };
  expect(compileConfig(Object.assign(installation, shown))).toMatchObject({ ok: true });
});
