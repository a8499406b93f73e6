import { checkCommand } from "./cli/check.ts";
import { configCommand } from "./cli/config.ts";
import { explainCommand } from "./cli/explain.ts";
import { firstAdminCommand } from "./cli/first_admin.ts";
import { keysCommand } from "./cli/keys.ts";
import { policyCommand } from "./cli/policy.ts";
import { routesCommand } from "./cli/routes.ts";
import { schemaCommand } from "./cli/schema.ts";
import { shadowCommand } from "./cli/shadow.ts";

interface Command {
  readonly help: string;
  /** Gets the words behind its own. */
  readonly run: (words: readonly string[]) => number | Promise<number>;
}

/** `npm run cli -- <command>`: each command prints for people and ends with 0, or says what is wrong and ends with 1. */
const COMMANDS: Readonly<Record<string, Command>> = {
  check: { help: "validate sallyport.config.ts and list its routes", run: checkCommand },
  config: { help: "check, diff, publish, rollback, history: what gates run", run: configCommand },
  explain: { help: "why a call, or an action on a resource, would be let in or not", run: explainCommand },
  "first-admin": { help: "print the SQL for an installation's first administrator", run: firstAdminCommand },
  keys: { help: "scan <dir>: find API keys in files, and end with 1 where there are some", run: keysCommand },
  policy: { help: "test: decide the cases of decision tables, and tell what no case has shown", run: policyCommand },
  routes: {
    help: "print the inventory of routes: versions, access, limits, what is deprecated or gone",
    run: routesCommand,
  },
  shadow: { help: "list, end, reset: where what is in shadow decides otherwise", run: shadowCommand },
  schema: { help: "print the configuration's JSON Schema", run: schemaCommand },
};

const [name = "", ...words] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
if (command === undefined) {
  const lines = Object.entries(COMMANDS).map(([word, { help }]) => `  ${word.padEnd(13)} ${help}`);
  console.error(`usage: npm run cli -- <command>\n\n${lines.join("\n")}`);
  process.exitCode = 1;
} else {
  process.exitCode = await command.run(words);
}
