import { beforeEach, describe, expect, it } from "vitest";
import { accountAlerts } from "../../../src/issuing/account_alerts.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import { platformRandom } from "../../../src/kernel/random.ts";
import type { AccountEvent } from "../../../src/ports/account_events.ts";
import type { EndReason } from "../../../src/ports/accounts.ts";
import type { ConsentGiver } from "../../../src/ports/consents.ts";
import type { UserRecord } from "../../../src/ports/users.ts";
import { newClientId, newGrantId } from "../../../src/protocol/ids.ts";
import { someUser } from "../../support/users.ts";

const SENDER = { issuerUrl: "https://login.example.com", brandName: "Harbour", linkSeconds: 900 };
const NOW = 1_700_000_000_000;

let user: UserRecord;
beforeEach(() => {
  user = someUser();
});

function everythingEnded(reason: EndReason, id = crypto.randomUUID()): AccountEvent {
  return { kind: "everything_ended", id, userId: user.id, reason, epoch: 2, grantId: null, clientId: null, atMs: NOW };
}

function grantEnded(id = crypto.randomUUID()): AccountEvent {
  const [grantId, clientId] = [newGrantId(platformRandom), newClientId(platformRandom)];
  return { kind: "grant_ended", id, userId: user.id, reason: "refresh_reused", grantId, clientId, atMs: NOW };
}

/** Alerts whose mail and record can fail, with all that they did. */
function open(found: UserRecord | null = user) {
  const told = {
    mails: [] as [to: string, subject: string, onceKey: string | undefined][],
    recorded: [] as string[],
    forgotten: [] as ConsentGiver[],
    logged: [] as string[],
  };
  const broken = { mail: false, record: false, users: false, consents: false };
  const fail = (dependency: string) => Promise.reject(new Outage(dependency));
  const alerts = accountAlerts({
    users: { find: async () => (broken.users ? fail("d1") : found) },
    mail: {
      async send({ to, subject }, _, onceKey) {
        if (broken.mail) return fail("mail");
        told.mails.push([to, subject, onceKey]);
      },
    },
    consents: {
      forgetBefore: async (giver) => (broken.consents ? fail("d1") : void told.forgotten.push(giver)),
    },
    sender: SENDER,
    record: async (events) => (broken.record ? fail("d1") : void told.recorded.push(...events.map(({ id }) => id))),
    log: ({ id }) => told.logged.push(id),
    clock: () => NOW,
  });
  return { alerts, told, broken };
}

describe("accountAlerts", () => {
  it("a refresh token that came back: recorded, logged, and the user is written to, under the event's id", async () => {
    const { alerts, told } = open();
    const event = everythingEnded("refresh_reuse");
    await alerts.notify([event]);
    expect(told).toEqual({
      mails: [[user.email, "You were signed out of Harbour", event.id]],
      recorded: [event.id],
      forgotten: [{ user: user.id, epoch: 2 }],
      logged: [event.id],
    });
  });

  it("one grant that ended: the same, in other words", async () => {
    const { alerts, told } = open();
    const event = grantEnded();
    await alerts.notify([event]);
    expect(told.mails).toEqual([[user.email, "An app was signed out of Harbour", event.id]]);
    expect(told.forgotten, "one client's grant was stolen, not the account").toEqual([]);
  });

  it.each(["password_changed", "password_reset", "disabled", "deleted", "admin", "sign_out_everywhere"] as const)(
    "%s is recorded and logged, and alarms nobody",
    async (reason) => {
      const { alerts, told } = open();
      await alerts.notify([everythingEnded(reason)]);
      expect([told.mails.length, told.recorded.length, told.logged.length]).toEqual([0, 1, 1]);
    },
  );

  it.each([
    ["who is gone", () => null],
    ["who was shut out", () => ({ ...user, disabled: true })],
  ])("a person %s is not written to; operators still hear of it", async (_name, who) => {
    const { alerts, told } = open(who());
    await alerts.notify([everythingEnded("refresh_reuse")]);
    expect([told.mails.length, told.recorded.length, told.logged.length]).toEqual([0, 1, 1]);
  });

  it.each([
    ["the mail", "mail"],
    ["the directory", "users"],
    ["the record", "record"],
    ["the table of consents", "consents"],
  ] as const)("%s out of reach: the account hears of it, and a repetition makes it good", async (_name, part) => {
    const { alerts, told, broken } = open();
    const events = [everythingEnded("refresh_reuse"), everythingEnded("admin")];
    broken[part] = true;
    await expect(alerts.notify(events)).rejects.toBeInstanceOf(Outage);
    expect(told.logged, "logged when it is done").toEqual([]);
    expect(part === "record" ? told.mails.length : told.recorded.length, "the other one waits for nobody").toBe(
      part === "record" ? 1 : 2,
    );
    expect(told.forgotten).toHaveLength(part === "consents" ? 0 : 2);
    broken[part] = false;
    await alerts.notify(events);
    expect(new Set(told.mails.map(([, , key]) => key))).toEqual(new Set([events[0]?.id]));
    expect(told.logged).toEqual(events.map(({ id }) => id));
  });
});
