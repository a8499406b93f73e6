import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { D1MailOutbox } from "../../src/adapters/d1/mail_outbox.ts";
import type { MailMessage } from "../../src/ports/mail.ts";
import { mailContract } from "../contract/mail_contract.ts";
import { noDatabase } from "../support/broken_database.ts";
import { backstage, migrate } from "../support/issuer_world.ts";

const NOW = 1_700_000_000_000;
const outbox = new D1MailOutbox(backstage.db);

function message(subject: string): MailMessage {
  return { to: "ada@example.com", kind: "reset_password", subject, text: `a link for ${subject}` };
}

beforeAll(migrate);
const empty = () => backstage.db.exec("DELETE FROM mail_outbox");
beforeEach(empty);

mailContract({ ready: empty, make: () => outbox, broken: () => new D1MailOutbox(noDatabase()) });

describe("D1MailOutbox", () => {
  it("keeps mails in order until they are sent", async () => {
    for (const subject of ["one", "two", "three"]) await outbox.send(message(subject), NOW);
    const [first, ...others] = await outbox.pending(10);
    expect(first).toMatchObject({ ...message("one"), createdAtMs: NOW, sentAtMs: null });
    expect(others.map(({ subject }) => subject)).toEqual(["two", "three"]);
    expect((await outbox.pending(1, first?.seq)).map(({ subject }) => subject)).toEqual(["two"]);
    await outbox.markSent(first?.seq ?? -1, NOW + 1);
    expect((await outbox.pending(10)).map(({ subject }) => subject)).toEqual(["two", "three"]);
  });

  it("forgets the text of what has gone, for its link may still be alive", async () => {
    await outbox.send(message("one"), NOW);
    const [mail] = await outbox.pending(1);
    await outbox.markSent(mail?.seq ?? -1, NOW + 1);
    await outbox.markSent(mail?.seq ?? -1, NOW + 2);
    const row = await backstage.db.prepare("SELECT subject, body, sent_at FROM mail_outbox").first();
    expect(row).toEqual({ subject: "one", body: "", sent_at: NOW + 1 });
  });

  it("what is given up forgets its text too, and can become nothing else", async () => {
    await outbox.send(message("one"), NOW);
    const [mail] = await outbox.due(1, NOW);
    await outbox.giveUp(mail?.seq ?? -1, NOW + 1);
    await outbox.markSent(mail?.seq ?? -1, NOW + 2);
    await outbox.countTry(mail?.seq ?? -1, NOW + 3);
    const row = await backstage.db.prepare("SELECT body, tries, sent_at, given_up_at FROM mail_outbox").first();
    expect(row).toEqual({ body: "", tries: 0, sent_at: null, given_up_at: NOW + 1 });
    expect(await outbox.pending(10)).toEqual([]);
  });
});
