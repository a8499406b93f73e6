import { beforeAll, expect, it } from "vitest";
import { plantRelations } from "../../scripts/bench/plant_relations.ts";
import { D1TupleReader } from "../../src/adapters/d1/tuple_reader.ts";
import { checkRelations } from "../../src/policy/relations/check.ts";
import { backstage, migrate } from "../support/issuer_world.ts";
import { schemaOf, tuple } from "../support/relation_graph.ts";

/*
 * What the bench measures checks on: a million tuples, and questions four deep. Here there are enough to tell that no level reads more for
 * there being others.
 */
const SCHEMA = schemaOf({
  group: { member: "[user, group#member]" },
  folder: { parent: "[folder]", viewer: "[user, group#member] or viewer of parent" },
  document: { parent: "[folder]", viewer: "[user, group#member] or viewer of parent" },
});

beforeAll(migrate);

it("questions about planted relations hold, in one round trip for each level, and no level reads more than it asks", async () => {
  const { db } = backstage;
  const planted = await plantRelations(db as never, 50_000, 10);
  expect(await db.prepare("SELECT count(*) AS count FROM relation_tuples").first("count")).toBe(50_000);
  const read: number[] = [];
  const counted = new Proxy(db, {
    get: (target, name) =>
      name === "prepare"
        ? target.prepare.bind(target)
        : async (statements: D1PreparedStatement[]) => {
            const results = await target.batch(statements);
            read.push(results.reduce((sum, { meta }) => sum + meta.rows_read, 0));
            return results;
          },
  });
  expect(planted).toHaveLength(10);
  for (const { object, relation, subject } of planted) {
    const check = tuple(`${object}#${relation}@${subject}`);
    const { findings } = await checkRelations(SCHEMA, [check], new D1TupleReader(counted));
    expect(findings[0]?.path, object).toHaveLength(5);
  }
  expect(read).toHaveLength(50);
  expect(Math.max(...read)).toBeLessThan(20);
});
