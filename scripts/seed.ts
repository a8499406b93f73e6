/**
 * Migrates and seeds this clone's local state, through one Miniflare: two on one state would each have their own view.
 * `npm start` runs it before the Worker starts. Owns the order of the two; refuses any target but the local state, and
 * refuses to repair what is half there: secrets are stored hashed, so a lost file cannot be written again.
 */
import { rmSync } from "node:fs";
import type { D1Database } from "@cloudflare/workers-types";
import { platformRandom } from "../src/kernel/random.ts";
import { type DevSettings, devFiles, readSettings } from "./dev/settings.ts";
import {
  type Credentials,
  credentialsOf,
  lacksPeople,
  peopleCredentialsOf,
  readCredentials,
  writeCredentials,
} from "./seed/credentials.ts";
import { newDemoSet } from "./seed/demo.ts";
import { type LocalState, openLocalState } from "./seed/local_state.ts";
import { migrate } from "./seed/migrate.ts";
import { insertPeople, newDemoPeople } from "./seed/people.ts";
import { writeDemoSet } from "./seed/write.ts";

const START_AFRESH = "Run `npm run reset` to start afresh, and then `npm start`.";

async function countClients(db: D1Database, ids: readonly string[] | null): Promise<number> {
  const statement =
    ids === null
      ? db.prepare("SELECT count(*) AS n FROM clients")
      : db.prepare("SELECT count(*) AS n FROM clients WHERE id IN (?, ?)").bind(...ids);
  return (await statement.first<number>("n")) ?? 0;
}

/** Keeps what is there. A client that someone deleted on purpose is said, not repaired. */
async function keep(state: LocalState, settings: DevSettings, credentials: Credentials): Promise<string> {
  const found = await countClients(state.db, [credentials.admin.client_id, credentials.machine.client_id]);
  if (found === 0) {
    throw new Error(`.dev/credentials.json names clients that the database does not have. ${START_AFRESH}`);
  }
  const url = settings.publicUrl;
  const current = { ...credentials, issuer: url, gateway: url };
  if (lacksPeople(credentials)) {
    const people = await newDemoPeople(platformRandom);
    await writeCredentials(settings.root, { ...current, ...peopleCredentialsOf(people) }, async () => {
      await state.db.batch([...insertPeople(state.db, people, Date.now())]);
    });
    return "kept, with 3 clients for people and 2 users added, see .dev/credentials.json";
  }
  if (credentials.issuer !== url || credentials.gateway !== url) {
    await writeCredentials(settings.root, current, async () => {});
  }
  return found === 2 ? "kept, see .dev/credentials.json" : "kept; one of the two seeded clients was deleted";
}

async function plant(state: LocalState, settings: DevSettings): Promise<string> {
  if ((await countClients(state.db, null)) > 0) {
    throw new Error(
      `The database has clients, but .dev/credentials.json is gone, and secrets are stored hashed. ${START_AFRESH}`,
    );
  }
  const set = await newDemoSet(platformRandom);
  await writeCredentials(settings.root, credentialsOf(set, settings.publicUrl), () =>
    writeDemoSet(state, set, Date.now()),
  );
  return "5 clients, 3 API keys and 2 users, see .dev/credentials.json";
}

async function main(): Promise<void> {
  const settings = readSettings();
  process.stdout.write("  migrate   ");
  const state = await openLocalState(settings.root);
  try {
    const applied = await migrate(state.db, state.migrationsDir);
    console.log(applied.length === 0 ? "database is up to date" : `applied ${applied.join(", ")}`);
    process.stdout.write("  seed      ");
    const credentials = readCredentials(settings.root);
    console.log(await (credentials === null ? plant(state, settings) : keep(state, settings, credentials)));
  } finally {
    rmSync(`${devFiles.credentials(settings.root)}.new`, { force: true });
    await state.close();
  }
}

try {
  await main();
} catch (error) {
  console.error(`\n\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
