import { questionBody, readQuestion } from "../../src/admin/explain_shapes.ts";
import type { Explanation } from "../../src/ports/explaining.ts";
import { FactsFault, type OfflineExplainer } from "./offline.ts";
import type { DecisionTable, TableCase } from "./table.ts";

/** What came of one case. */
export interface CaseResult {
  readonly name: string;
  /** What is wrong with it, in words; none where it is as expected. */
  readonly faults: readonly string[];
  /** Null where it could not be asked. */
  readonly explanation: Explanation | null;
}

/** Decides every case of `table`, each by itself, at `nowMs` where it names no time. */
export async function runTable(
  table: DecisionTable,
  explainer: OfflineExplainer,
  nowMs: number,
): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = [];
  for (const one of table.cases) results.push(await runCase(one, table, explainer, nowMs));
  return results;
}

async function runCase(
  { name, relations, expect, because, rules, ...question }: TableCase,
  table: DecisionTable,
  explainer: OfflineExplainer,
  nowMs: number,
): Promise<CaseResult> {
  const asked = questionBody.safeParse({ ...question, context: { ...table.context, ...question.context } });
  if (!asked.success) {
    const faults = asked.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
    return { name, faults, explanation: null };
  }
  const facts = { roles: table.roles, relations: [...table.relations, ...relations] };
  try {
    const told = await explainer.explain(readQuestion(asked.data), facts, nowMs);
    if (!told.ok) return { name, faults: [`${told.error.field} ${told.error.reason}`], explanation: null };
    const explanation = { ...told.value, snapshot: explainer.snapshot, shadow: [] };
    return { name, faults: differences(explanation, { expect, because, rules }), explanation };
  } catch (error) {
    if (error instanceof FactsFault) return { name, faults: [error.message], explanation: null };
    throw error;
  }
}

function differences(
  { effect, reason, rules: made }: Explanation,
  { expect, because, rules }: Pick<TableCase, "expect" | "because" | "rules">,
): readonly string[] {
  const faults = [];
  if (effect !== expect) faults.push(`is ${effect}, and should be ${expect}`);
  if (because !== undefined && because !== reason)
    faults.push(`because of ${reason}, and should be because of ${because}`);
  const isSame = rules === undefined || [...rules].sort().join() === [...made].sort().join();
  if (!isSame) faults.push(`by ${made.join(", ") || "no rule"}, and should be by ${rules.join(", ") || "no rule"}`);
  return faults;
}
