import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const page = readFileSync(at("docs/threat-model.md"), "utf8");
const rows = page.split("\n").filter((line) => line.startsWith("| ") && !/^\| (?:attack|-{3,}) /.test(line));
const files = [...page.matchAll(/`((?:src|test)\/[^`]+\.tsx?)`/g)].flatMap(([, path]) => path ?? []);

it("every file that the threat model names is there", () => {
  expect(files.length).toBeGreaterThan(60);
  expect(files.filter((path) => !existsSync(at(path)))).toEqual([]);
});

it("every attack has a test", () => {
  expect(rows.length).toBeGreaterThan(30);
  expect(rows.filter((row) => !/`test\/[^`]+\.test\.ts`/.test(row.split("|")[3] ?? ""))).toEqual([]);
});
