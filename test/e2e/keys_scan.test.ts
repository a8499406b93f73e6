import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { platformRandom } from "../../src/kernel/random.ts";
import { newApiKey } from "../../src/protocol/api_key.ts";

const CLI = fileURLToPath(new URL("../../scripts/cli.ts", import.meta.url));
const run = promisify(execFile);
const secretKey = newApiKey("secret", "live", platformRandom);
const openKey = newApiKey("publishable", "test", platformRandom);
const mask = (key: string) => `${key.slice(0, 8)}…${key.slice(-4)}`;
let root: string;

async function scan(...words: string[]) {
  try {
    const { stdout, stderr } = await run(process.execPath, [CLI, "keys", ...words]);
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as { readonly code: number; readonly stdout: string; readonly stderr: string };
  }
}

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), content);
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "keys-scan-"));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("npm run cli -- keys scan", () => {
  test("finds nothing in what is no key, and ends with 0", async () => {
    const mistyped = `${secretKey.slice(0, -1)}${secretKey.endsWith("0") ? "1" : "0"}`;
    write("clean/a.ts", `const a = "${mistyped}"; // sk_live_short, spr_x, ${secretKey.slice(0, -1)}\n`);
    write("clean/empty", "");
    expect(await scan("scan", join(root, "clean"))).toMatchObject({ code: 0, stdout: "" });
  });

  test("prints file and line of each, masked, and ends with 1", async () => {
    write(
      "dirty/src/deep/config.ts",
      `\n\nexport const key = "${secretKey}";\nconst both = ["${openKey}","${secretKey}"];`,
    );
    write("dirty/windows.txt", `a\r\nKEY=${openKey}\r\n`);
    write("dirty/glued.log", `tokenX${secretKey}Y${openKey}ä`);
    const { code, stdout, stderr } = await scan("scan", join(root, "dirty"));
    expect(code).toBe(1);
    expect(stdout.trim().split("\n")).toEqual([
      `glued.log:1: ${mask(secretKey)}`,
      `glued.log:1: ${mask(openKey)}`,
      `src/deep/config.ts:3: ${mask(secretKey)}`,
      `src/deep/config.ts:4: ${mask(openKey)}`,
      `src/deep/config.ts:4: ${mask(secretKey)}`,
      `windows.txt:2: ${mask(openKey)}`,
    ]);
    for (const key of [secretKey, openKey]) expect(stdout + stderr).not.toContain(key);
    expect(stderr).toContain("6 keys in 3 files");
  });

  test("passes over others' code, git's own files, binaries and links, and names what is too large", async () => {
    write("partly/node_modules/x/index.js", secretKey);
    write("partly/.git/config", secretKey);
    write("partly/image.png", Buffer.concat([Buffer.from([0x89, 0x50, 0, 1]), Buffer.from(secretKey)]));
    write("partly/dump.sql", Buffer.alloc(5 * 1024 * 1024 + 1, 0x61));
    symlinkSync(root, join(root, "partly", "loop"));
    symlinkSync(join(root, "dirty", "windows.txt"), join(root, "partly", "link.txt"));
    const { code, stdout, stderr } = await scan("scan", join(root, "partly"));
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toContain("not looked into: dump.sql");
    expect(stderr).toContain("1 files not looked into");
  });

  test.each([[[]], [["scan"]], [["find", "."]], [["scan", ".", "more"]]])("%j: usage, and 2", async (words) => {
    expect(await scan(...words)).toMatchObject({ code: 2, stdout: "" });
  });

  test("a directory that is not there: 2", async () => {
    const { code, stderr } = await scan("scan", join(root, "nowhere"));
    expect([code, stderr.includes("cannot look into")]).toEqual([2, true]);
  });
});
