import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { FAULT_TABLE, faultCells } from "../support/faults/table.ts";

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8");

describe("docs/faults.md", () => {
  it("has every fault of the table, as it is tested, in its order, and no other", () => {
    const rows = read("docs/faults.md")
      .split("\n")
      .filter((line) => line.startsWith("| ") && !/^\| (?:what fails|-{3,}) /.test(line))
      .map((line) =>
        line
          .split(/(?<!\\)\|/)
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    expect(rows).toEqual(FAULT_TABLE.map(faultCells));
  });
});

describe("the table of faults", () => {
  it("says each thing once", () => {
    const said = FAULT_TABLE.map(({ dependency, call, answer }) => `${dependency} ${call} ${answer}`);
    expect(said.filter((text, at) => said.indexOf(text) !== at)).toEqual([]);
  });

  it("names tests that are there", () => {
    const missing = FAULT_TABLE.filter(({ test: [file, name] }) => !read(file).includes(name));
    expect(missing.map(({ test }) => test)).toEqual([]);
  });

  it("every code and every event of it stands in docs/failures.md", () => {
    const failures = read("docs/failures.md");
    const codes = FAULT_TABLE.map(({ answer }) => /^\d{3} (\w+)/.exec(answer)?.[1] ?? "");
    const events = FAULT_TABLE.map(({ log }) => log.split(": ")[0] ?? "");
    const words = new Set([...codes, ...events].filter((word) => word !== "" && word !== "decision"));
    expect([...words].filter((word) => !failures.includes(`\`${word}\``))).toEqual([]);
  });

  it.each(["wrangler.toml", "wrangler.issuer.toml", "wrangler.authorizer.toml"])(
    "has a row for each binding of %s that is down, and for each that is slow",
    (file) => {
      const bindings = [...read(file).matchAll(/\b(?:binding|name) = "([A-Z][A-Z_]+)"/g)].map(([, name]) => name);
      expect(bindings.length).toBeGreaterThan(5);
      for (const fault of ["down", "slow"] as const) {
        const rows = FAULT_TABLE.filter(({ faults }) => faults.includes(fault)).map(({ binding }) => binding);
        expect(
          bindings.filter((name) => !rows.includes(name ?? null)),
          fault,
        ).toEqual([]);
      }
    },
  );
});
