import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import type { DueEnd } from "../../src/objects/due_ends.ts";

type AccountStub = Parameters<typeof runDurableObjectAlarm>[0];

/** What an account's alarm does in a minute, unless it is told otherwise. */
export async function alarmInAMinute(stub: AccountStub): Promise<void> {
  await runInDurableObject(stub, (_, { storage }) => {
    for (const [key, end] of storage.kv.list<DueEnd>({ prefix: "end_again" })) {
      storage.kv.put(key, { ...end, dueMs: end.dueMs - 60_000 });
    }
  });
  await runDurableObjectAlarm(stub);
}
