import { Account as RealAccount } from "../../src/worker.ts";
import type { GrantRow } from "./grant_row.ts";

/*
 * The Worker as it is deployed, with a way to fill its accounts: what is measured is the same code.
 */
export * from "../../src/worker.ts";
export { default } from "../../src/worker.ts";

export class Account extends RealAccount {
  /** A grant of this account that gives, as it is stored. */
  async grantRow(): Promise<GrantRow> {
    return this.ctx.storage.sql.exec<GrantRow>("SELECT * FROM grants WHERE has_given = 1 LIMIT 1").one();
  }

  /** Adds `count` grants like `row`, but of another client, each with `spentEach` refresh tokens behind it. */
  async plantGrants(row: GrantRow, count: number, spentEach: number): Promise<void> {
    // An account has no tables before somebody looks into it.
    await this.epochOf();
    const { sql } = this.ctx.storage;
    const columns = Object.keys(row);
    const insert = `INSERT INTO grants (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
    this.ctx.storage.transactionSync(() => {
      for (let planted = 0; planted < count; planted++) {
        const id = crypto.randomUUID();
        sql.exec(insert, ...Object.values({ ...row, id, client: "cli_crowd" }));
        for (let spent = 0; spent < spentEach; spent++) {
          sql.exec("INSERT INTO spent_hashes (grant_id, hash) VALUES (?, ?)", id, crypto.randomUUID());
        }
      }
    });
  }
}
