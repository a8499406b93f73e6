import { evaluate as evaluateAll } from "../../src/access/authzen/evaluate.ts";
import { evaluateSeveral as evaluateInOrder } from "../../src/access/authzen/evaluations.ts";
import { search as searchFor } from "../../src/access/authzen/search.ts";

/* What a decision point answers where nobody demands more of the store than it has. */

export async function evaluate(...asked: Parameters<typeof evaluateAll>) {
  return reached(await evaluateAll(...asked));
}

export async function evaluateSeveral(...asked: Parameters<typeof evaluateInOrder>) {
  return reached(await evaluateInOrder(...asked));
}

export async function search(...asked: Parameters<typeof searchFor>) {
  return reached(await searchFor(...asked));
}

function reached<T>(answer: T | "unreached"): T {
  if (answer === "unreached") throw new Error("a revision that nobody demands is not reached");
  return answer;
}
