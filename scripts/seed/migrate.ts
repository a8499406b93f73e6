import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { D1Database } from "@cloudflare/workers-types";
import { unstable_splitSqlQuery } from "wrangler";

// The table that `wrangler d1 migrations apply` keeps, column by column, so that both tools agree on what is applied.
const TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

async function applyOne(db: D1Database, directory: string, name: string): Promise<void> {
  const statements = unstable_splitSqlQuery(readFileSync(join(directory, name), "utf8"));
  const record = db.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name);
  try {
    await db.batch([...statements.map((sql) => db.prepare(sql)), record]);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `Migration ${name} failed and changed nothing: ${reason}. Mend it, or run \`npm run reset\` to start afresh.`,
      { cause },
    );
  }
}

/** Applies the migrations of `directory` that are not applied yet, in order, each in one transaction. Returns their names. */
export async function migrate(db: D1Database, directory: string): Promise<readonly string[]> {
  await db.prepare(TABLE).run();
  const { results } = await db.prepare("SELECT name FROM d1_migrations").all<{ name: string }>();
  const applied = new Set(results.map(({ name }) => name));
  const pending = readdirSync(directory)
    .filter((name) => name.endsWith(".sql") && !applied.has(name))
    .sort();
  for (const name of pending) await applyOne(db, directory, name);
  return pending;
}
