import { ELSEWHERE_ROWS } from "./elsewhere_rows.ts";
import { GATE_ROWS } from "./gate_rows.ts";
import { ISSUER_ROWS } from "./issuer_rows.ts";
import { PROVIDER_ROWS } from "./provider_rows.ts";
import type { FaultKind } from "./row.ts";

/** A row as docs/faults.md has it. */
export interface FaultRow {
  readonly dependency: string;
  readonly binding: string | null;
  readonly faults: readonly FaultKind[];
  readonly call: string;
  readonly answer: string;
  readonly log: string;
  readonly meanwhile: string;
  readonly after: string;
  readonly test: readonly [file: string, name: string];
}

const GATE_TEST = ["test/gateway/faults.test.ts", "each dependency of the gate, broken in each way"] as const;
const ISSUER_TEST = ["test/flows/faults.test.ts", "each dependency of the issuer, broken in each way"] as const;

type Driven = (typeof GATE_ROWS)[number] | (typeof ISSUER_ROWS)[number];

function driven(row: Driven, test: FaultRow["test"]): FaultRow {
  const { dependency, binding, faults, call, isolate, answer, withinMs, log, lie, meanwhile, after, pauseMs } = row;
  const isRefused = log?.startsWith("deployment_fault") === true;
  const within = withinMs === null || !faults.includes("slow") ? "" : `, within ${withinMs} ms`;
  const told = faults.map((fault) => (fault === "lying" || fault === "huge" ? `${fault} (${lie ?? ""})` : fault));
  return {
    dependency: `${dependency} (\`${binding}\`), ${told.join(", ")}`,
    binding,
    faults,
    call: isRefused ? "every call" : `${call}, the isolate ${isolate}`,
    answer: `${answer}${within}`,
    log: log ?? "",
    meanwhile: meanwhile.join("; ") || "nothing",
    after: isRefused
      ? "by deploying"
      : `${after}${pauseMs === undefined ? "" : `, ${Math.floor(pauseMs / 1000)} s later at the latest`}`,
    test,
  };
}

/** Every fault that has a decided answer. docs/faults.md is compared with it, and so are the bindings of all deployments. */
export const FAULT_TABLE: readonly FaultRow[] = [
  ...GATE_ROWS.map((row) => driven(row, GATE_TEST)),
  ...ISSUER_ROWS.map((row) => driven(row, ISSUER_TEST)),
  ...[...PROVIDER_ROWS, ...ELSEWHERE_ROWS].map((row) => ({
    ...row,
    dependency: `${row.dependency}, ${row.faults.join(", ")}`,
    log: row.log ?? "",
  })),
];

/** The cells of `row` in docs/faults.md. */
export function faultCells({ dependency, call, answer, log, meanwhile, after, test }: FaultRow): readonly string[] {
  const [event = "", word = ""] = log.split(": ");
  const logged = event === "" ? "nothing" : `\`${event}\`${word === "" ? "" : `: ${word}`}`;
  return [dependency, call, answer, logged, meanwhile, after, `\`${test[0]}\``];
}
