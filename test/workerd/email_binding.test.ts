import { describe, expect, it, vi } from "vitest";
import { EmailBinding } from "../../src/adapters/email_binding.ts";
import { Outage } from "../../src/kernel/outage.ts";
import type { MailMessage } from "../../src/ports/mail.ts";

const FROM = { email: "no-reply@example.com", name: "Harbour" };
const MESSAGE: MailMessage = { to: "ada@example.org", kind: "invitation", subject: "Your account", text: "Open …\n" };

function binding(send: SendEmail["send"]): EmailBinding {
  return new EmailBinding({ send }, FROM);
}

async function failure(error: unknown): Promise<unknown> {
  const carrier = binding(() => Promise.reject(error));
  return carrier.carry(MESSAGE).catch((thrown: unknown) => thrown);
}

describe("EmailBinding", () => {
  it("hands the platform the parts of a mail, and writes no header itself", async () => {
    const sent: unknown[] = [];
    await binding(async (mail: unknown) => {
      sent.push(mail);
      return { messageId: "1" };
    }).carry(MESSAGE);
    expect(sent).toEqual([{ from: FROM, to: "ada@example.org", subject: "Your account", text: "Open …\n" }]);
  });

  it("a refusal is an outage that keeps the platform's code", async () => {
    const refused = Object.assign(new Error("ada@example.org is not allowed"), { code: "E_RECIPIENT_NOT_ALLOWED" });
    expect(await failure(refused)).toMatchObject({
      name: "Outage",
      dependency: "email",
      cause: "E_RECIPIENT_NOT_ALLOWED",
    });
  });

  it.each([
    ["words of the platform", new Error("email to ada@example.org not allowed")],
    ["a code that is none", Object.assign(new Error("x"), { code: "to ada@example.org" })],
    ["something that is no error", "ada@example.org"],
  ])("%s are not kept: they may quote the recipient", async (_name, error) => {
    const outage = await failure(error);
    expect(outage).toBeInstanceOf(Outage);
    expect(`${String(outage)} ${String((outage as Outage).cause)}`).not.toContain("ada@");
  });

  it.each<[string, unknown]>([
    ["that is none", null],
    ["of another kind", { status: "refused" }],
    ["without end", { messageId: "x".repeat(1024 * 1024) }],
  ])("an answer %s is not looked at: what was taken without a fault was taken", async (_name, answer) => {
    await expect(binding(async () => answer as EmailSendResult).carry(MESSAGE)).resolves.toBeUndefined();
  });

  it("a platform that does not answer is an outage, in time", async () => {
    vi.useFakeTimers();
    try {
      const waiting = binding(() => new Promise(() => undefined))
        .carry(MESSAGE)
        .catch((thrown: unknown) => thrown);
      await vi.advanceTimersByTimeAsync(15_000);
      expect(await waiting).toMatchObject({ dependency: "email", cause: "deadline" });
    } finally {
      vi.useRealTimers();
    }
  });
});
