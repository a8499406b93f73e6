import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { showExplanation } from "../../src/admin/explain_shapes.ts";
import { judgeConfig } from "../../src/config/judge.ts";
import { type Coverage, coverageOf } from "../policy/coverage.ts";
import { OfflineExplainer } from "../policy/offline.ts";
import { type CaseResult, runTable } from "../policy/run_table.ts";
import { readTable, TableFault } from "../policy/table.ts";
import { explanationTree } from "./explanation_tree.ts";
import { writtenConfig } from "./written_config.ts";

const USAGE = `usage: npm run cli -- policy test [<file>...] [--min-coverage <percent>] [--uncovered]

  Decides every case of the tables by sallyport.config.ts, without any installation, and prints why one is not as expected.
  Without a file: sallyport.policy.test.json, or sallyport.policy.test.ts. --uncovered lists what no case has shown.`;
const TABLES = ["sallyport.policy.test.json", "sallyport.policy.test.ts"];

interface Words {
  readonly files: readonly string[];
  readonly minCoverage: number;
  readonly uncovered: boolean;
}

/** `policy test`: ends with 1 where a case is not as expected or too little is covered, with 2 where it is not understood. */
export async function policyCommand([verb, ...rest]: readonly string[]): Promise<number> {
  const words = verb === "test" ? readWords(rest) : null;
  if (words === null) {
    console.error(USAGE);
    return 2;
  }
  const written = writtenConfig();
  const compiled = judgeConfig(written);
  if (!compiled.ok) {
    for (const { path, reason } of compiled.error) console.error(`${path}: ${reason}`);
    return 1;
  }
  const explainer = new OfflineExplainer(compiled.value, written);
  const results: CaseResult[] = [];
  try {
    for (const file of words.files)
      results.push(...(await runTable(await readTable(resolve(file)), explainer, Date.now())));
  } catch (error) {
    if (!(error instanceof TableFault)) throw error;
    console.error(error.message);
    return 1;
  }
  const failed = results.filter(({ faults }) => faults.length > 0);
  for (const result of failed) printFailure(result);
  const coverage = coverageOf(
    compiled.value,
    results.flatMap(({ explanation }) => explanation ?? []),
  );
  printCoverage(coverage, words.uncovered);
  console.log(`${results.length - failed.length} of ${results.length} cases as expected`);
  if (coverage.percent < words.minCoverage) {
    console.error(`coverage is below ${words.minCoverage} %: --uncovered lists what no case has shown`);
    return 1;
  }
  return failed.length === 0 ? 0 : 1;
}

function readWords(words: readonly string[]): Words | null {
  let read: Words = { files: [], minCoverage: 0, uncovered: false };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--uncovered") read = { ...read, uncovered: true };
    else if (word === "--min-coverage") {
      const percent = Number(words[at + 1]);
      if (!(percent >= 0 && percent <= 100)) return null;
      read = { ...read, minCoverage: percent };
      at += 1;
    } else if (!word.startsWith("-")) read = { ...read, files: [...read.files, word] };
    else return null;
  }
  const files = read.files.length > 0 ? read.files : TABLES.filter((file) => existsSync(file));
  return files.length === 0 ? null : { ...read, files };
}

function printFailure({ name, faults, explanation }: CaseResult): void {
  console.log(`FAILED ${name}`);
  for (const fault of faults) console.log(`  ${fault}`);
  const tree = explanation === null ? [] : explanationTree(showExplanation(explanation));
  for (const line of tree) console.log(`  ${line}`);
  console.log();
}

function printCoverage({ covered, percent }: Coverage, lists: boolean): void {
  if (covered.length === 0) return;
  if (lists) {
    for (const { what, missing } of covered)
      if (missing.length > 0) console.log(`${what}: never ${missing.join(", never ")}`);
  }
  const whole = covered.filter(({ missing }) => missing.length === 0).length;
  console.log(
    `${percent.toFixed(1)} % covered: ${whole} of ${covered.length} rules and permissions were seen every way`,
  );
}
