/**
 * `npm test`: everything, from a fresh clone. Packages, redis-server, chromium, nginx and Caddy, `npm run check`, then every test. Plain JavaScript
 * for Node 20. Refuses to skip: what cannot be run is a failure with its reason. Extra arguments go to vitest.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findNode, installPackages, ROOT } from "./install.mjs";
import { ensureTestPrograms, run } from "./programs.mjs";

const VITEST = join(ROOT, "node_modules", "vitest", "vitest.mjs");

// The Workers' test pool reads wrangler's configuration: it is to look nothing up, and to say only what is wrong.
const QUIET = { CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false", WRANGLER_LOG: "warn" };

/** Counts of vitest's JSON report. A file that could not be loaded counts as one failure. */
function readCounts(path) {
  const report = JSON.parse(readFileSync(path, "utf8"));
  const broken = report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** Runs vitest; the counts and whether it was content, or null when it left no report. */
async function runTests(node, args, env) {
  const directory = mkdtempSync(join(tmpdir(), "sallyport-test-"));
  const report = join(directory, "report.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const code = await run(node, [VITEST, "run", ...reporters, ...args], env);
    return existsSync(report) ? { content: code === 0, ...readCounts(report) } : null;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What is wrong with a run, beside the failures that vitest has shown itself. */
function remarks(outcome, ordered, filtered) {
  const { content, failed, skipped } = outcome;
  return [
    ordered ? null : "`npm run check` failed; its reasons are above the tests.",
    skipped > 0 && !filtered ? `${skipped} tests were skipped: a test runs or is removed.` : null,
    !content && failed === 0 ? "vitest failed outside of any test; its reason is above." : null,
  ].filter((remark) => remark !== null);
}

async function main() {
  process.stdout.write("Sallyport's tests\n");
  if (!(await installPackages())) return false;
  const node = findNode();
  if (node === null || !(await ensureTestPrograms())) return false;
  const env = { ...process.env, ...QUIET, PATH: `${dirname(node)}:${process.env.PATH}` };
  const ordered = (await run("npm", ["run", "--silent", "check"], env)) === 0;
  const args = process.argv.slice(2);
  const outcome = await runTests(node, args, env);
  if (outcome === null) {
    process.stderr.write("vitest ended without a report; its reason is above.\n");
    return false;
  }
  const wrong = remarks(outcome, ordered, args.length > 0);
  for (const remark of wrong) process.stderr.write(`${remark}\n`);
  process.stdout.write(`${outcome.passed} passed, ${outcome.failed} failed\n`);
  return wrong.length === 0 && outcome.content && outcome.failed === 0;
}

process.exitCode = (await main()) ? 0 : 1;
