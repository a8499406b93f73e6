import type { ShownExplanation } from "../../src/admin/explain_shapes.ts";

/** A line with what stands below it. */
interface Branch {
  readonly text: string;
  readonly below?: readonly Branch[];
}

/** An explanation as a tree for people, a line for each part of the decision. Control characters of the question are not printed as such. */
export function explanationTree(explanation: ShownExplanation): readonly string[] {
  return [
    printable(verdictOf(explanation)),
    ...lines([
      routeBranch(explanation),
      callerBranch(explanation),
      ...listBranch(
        "scopes, all of them",
        explanation.scopes.map(({ scope, held }) => mark(held, scope)),
      ),
      ...listBranch(
        "roles, one of them",
        explanation.roles.map(({ role, held }) => mark(held, role)),
      ),
      ...listBranch("permissions, all of them", explanation.permissions.map(permissionText)),
      ...explanation.decisions.map((decision) => decisionBranch(explanation.action, decision)),
      ...relationBranches(explanation),
      ...explanation.shadow.map(shadowBranch),
      ...explanation.notes.map((text) => ({ text: `note: ${text}` })),
      { text: `configuration ${explanation.snapshot}` },
    ]),
  ];
}

function verdictOf({ effect, reason, rules }: ShownExplanation): string {
  const why = reason === null ? "" : `: ${reason}`;
  return `${effect.toUpperCase()}${why}${rules.length === 0 ? "" : ` (by ${rules.join(", ")})`}`;
}

function routeBranch({ route, reason, action }: ShownExplanation): Branch {
  if (route === null) {
    const isRequest = reason === "no_route" || reason === "no_method";
    return { text: isRequest ? "route: none" : `action ${action ?? "-"}` };
  }
  const asked = action === null ? "" : `, asks for ${action}`;
  return { text: `route ${route.methods.join(",")} ${route.path} (${route.public ? "public" : route.id})${asked}` };
}

function callerBranch({ caller }: ShownExplanation): Branch {
  if (caller === null) return { text: "caller: nobody is proven" };
  const known = caller.known === false ? ", not known here" : "";
  const attributes = Object.entries(caller.attributes).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return {
    text: `caller ${caller.kind}:${caller.id}${known}`,
    below: [
      { text: `scopes: ${caller.scopes.join(", ") || "none"}` },
      { text: `roles: ${caller.roles.join(", ") || "none"}${caller.tenant === null ? "" : ` in ${caller.tenant}`}` },
      ...attributes.map((text) => ({ text })),
    ],
  };
}

function permissionText({ permission, held, role, through }: ShownExplanation["permissions"][number]): string {
  const giver = role === null ? "" : through === role ? ` by role ${role}` : ` by role ${role}, through ${through}`;
  return mark(held, `${permission}${giver}`);
}

function decisionBranch(action: string | null, decision: ShownExplanation["decisions"][number]): Branch {
  const { resource, effect, because, rules, step_up: stepUp } = decision;
  const about = resource === null ? "no resource" : `${resource.type}:${resource.id}`;
  const attributes = Object.entries(resource?.attributes ?? {}).map(
    ([name, value]) => `${name} = ${JSON.stringify(value)}`,
  );
  return {
    text: `${action ?? "-"} on ${about}: ${effect}${because === null ? "" : `, ${because}`}`,
    below: [
      ...attributes.map((text) => ({ text })),
      ...rules.map(ruleBranch),
      ...(stepUp === null ? [] : [{ text: `would do: ${JSON.stringify(stepUp)}` }]),
    ],
  };
}

function ruleBranch(rule: ShownExplanation["decisions"][number]["rules"][number]): Branch {
  const { id, effect, mode, value, source, error, stepped_up: steppedUp, failed } = rule;
  const shadow = mode === "shadow" ? ", in shadow" : "";
  const authentication = steppedUp === null ? "" : steppedUp ? ", signed in well enough" : ", not signed in so";
  return {
    text: `${effect} ${id} is ${value}${shadow}${authentication}`,
    below: [
      { text: `when ${source}` },
      ...(error === null ? [] : [{ text: `failed: ${error}` }]),
      ...(failed === null
        ? []
        : [
            {
              text: `false: ${failed.condition}`,
              below: failed.values.map(({ name, value: seen }) => ({ text: `${name} = ${JSON.stringify(seen)}` })),
            },
          ]),
    ],
  };
}

function relationBranches({ relations }: ShownExplanation): readonly Branch[] {
  return relations.map(({ check, answer, path, looked }) => ({
    text: `relation ${check}: ${answer === true ? "granted" : answer === false ? "not granted" : "undecided"}`,
    below: (answer === true ? path : looked).map((text) => ({ text })),
  }));
}

function shadowBranch({ tried, effect, reason, rules, differs }: ShownExplanation["shadow"][number]): Branch {
  const why = reason === null ? "" : `, ${reason}`;
  const by = rules.length === 0 ? "" : ` (by ${rules.join(", ")})`;
  return { text: `in shadow (${tried}) ${differs ? "otherwise" : "the same"}: ${effect}${why}${by}` };
}

function listBranch(title: string, items: readonly string[]): readonly Branch[] {
  return items.length === 0 ? [] : [{ text: title, below: items.map((text) => ({ text })) }];
}

function mark(held: boolean, text: string): string {
  return `${held ? "has" : "lacks"} ${text}`;
}

function lines(branches: readonly Branch[]): string[] {
  return branches.flatMap(({ text, below = [] }, at) => {
    const isLast = at === branches.length - 1;
    const deeper = lines(below).map((line) => `${isLast ? "   " : "│  "}${line}`);
    return [`${isLast ? "└─ " : "├─ "}${printable(text)}`, ...deeper];
  });
}

/** Values of a question reach the terminal of whoever asks: none of them moves its cursor. */
function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (sign) => `\\u${sign.codePointAt(0)?.toString(16).padStart(4, "0")}`,
  );
}
