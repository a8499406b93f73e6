import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { unstable_readConfig } from "wrangler";
import { startCommand } from "./command.ts";
import { type FreshCopy, freshCopy } from "./fresh_copy.ts";

let copy: FreshCopy;

beforeEach(() => {
  copy = freshCopy();
});

afterEach(() => copy.remove());

/** The fenced blocks in `language` under the README's heading `## <heading>`. */
function snippets(heading: string, language: string): readonly string[] {
  const readme = readFileSync(join(copy.root, "README.md"), "utf8");
  const section = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const fence = new RegExp(`^ *\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, "gm");
  return [...section.matchAll(fence)].map(([, code = ""]) => code);
}

/** Puts `added` into the file at `path` right after `place`, which it has to hold. */
function paste(path: string, place: string, added: string): void {
  const text = readFileSync(path, "utf8");
  const at = text.indexOf(place);
  if (at < 0) throw new Error(`${path} holds no ${JSON.stringify(place)}`);
  const end = at + place.length;
  writeFileSync(path, `${text.slice(0, end)}${added}${text.slice(end)}`);
}

describe("the README's snippets work as they are pasted", () => {
  test("the API of one's own passes `npm run cli -- check`", async () => {
    const [scopes = "", origin = "", limit = "", routes = ""] = snippets("Protect your own API in five minutes", "ts");
    const config = join(copy.root, "sallyport.config.ts");
    paste(config, "scopes: {\n", scopes);
    paste(config, "origins: {\n", origin);
    paste(config, "limits: {\n", limit);
    paste(config, "routes: [\n", routes);
    const check = startCommand("npm", ["run", "--silent", "cli", "--", "check"], copy.root);
    expect(await check.ended(), check.output()).toBe(0);
    expect(check.output()).toMatch(/^POST +\/invoices +invoices:write +-> billing$/m);
    expect(check.output()).toMatch(/^GET +\/invoices\/:id +invoices:read +-> billing$/m);
  });

  test("a route whose limit was not pasted is told, so the check above proves something", async () => {
    const [scopes = "", origin = "", , routes = ""] = snippets("Protect your own API in five minutes", "ts");
    const config = join(copy.root, "sallyport.config.ts");
    paste(config, "scopes: {\n", scopes);
    paste(config, "origins: {\n", origin);
    paste(config, "routes: [\n", routes);
    const check = startCommand("npm", ["run", "--silent", "cli", "--", "check"], copy.root);
    expect(await check.ended()).toBe(1);
    expect(check.output()).toContain("writes");
  });

  test("both deployed Workers get an address", () => {
    const blocks = snippets("Deploy", "toml");
    for (const [file, host] of [
      ["wrangler.issuer.toml", "auth.example.com"],
      ["wrangler.authorizer.toml", "api.example.com"],
    ] as const) {
      const block = blocks.find((text) => text.includes(`# ${file}`)) ?? "";
      const path = join(copy.root, file);
      paste(path, "workers_dev = false\n", block);
      expect(unstable_readConfig({ config: path }).routes).toEqual([{ pattern: host, custom_domain: true }]);
    }
  });
});
