import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isLoopback } from "../../scripts/seed/local_state.ts";
import { startCommand } from "./command.ts";
import { freshCopy } from "./fresh_copy.ts";

describe("the seed writes to this machine alone", () => {
  test.each([
    ["http://localhost:8787", true],
    ["http://auth.localhost:8787", true],
    ["http://127.0.0.1:8787", true],
    ["http://[::1]:8787", true],
    ["https://auth.example.com", false],
    ["http://localhost.example.com", false],
    ["http://127.0.0.1.example.com", false],
    ["http://10.0.0.1:8787", false],
    ["http://0.0.0.0:8787", false],
    ["localhost", false],
    ["", false],
  ])("loopback? %s: %s", (url, expected) => {
    expect(isLoopback(url)).toBe(expected);
  });

  test("a public ISSUER_URL is refused before anything is written", async () => {
    const copy = freshCopy();
    try {
      const path = join(copy.root, "wrangler.toml");
      const toml = readFileSync(path, "utf8");
      const changed = toml.replace(/^ISSUER_URL = .*$/m, 'ISSUER_URL = "https://auth.example.com"');
      expect(changed).not.toBe(toml);
      writeFileSync(path, changed);
      const seed = startCommand(process.execPath, [join(copy.root, "scripts", "seed.ts")], copy.root);
      expect(await seed.ended()).toBe(1);
      expect(seed.output()).toContain("https://auth.example.com");
      expect(existsSync(join(copy.root, ".dev"))).toBe(false);
      expect(existsSync(join(copy.root, ".wrangler", "state"))).toBe(false);
    } finally {
      copy.remove();
    }
  });
});
