import { describe, expect, it } from "vitest";
import * as texts from "../../../src/protocol/mail_texts.ts";

type Write = (sender: texts.MailSender, token: string, seconds: number) => texts.MailText<string>;

const SENDER = { issuerUrl: "https://login.example.com", brandName: "Harbour", linkSeconds: 900 };
const TOKEN = "the-token-of-the-link";

/** A warning whose way back is open for days: it is sent late rather than never. */
const LONG_LIVED: readonly string[] = ["email_changed"];

describe("mails that hold a link", () => {
  const writers = Object.entries(texts).filter(([name]) => name.endsWith("Text")) as [string, Write][];
  const written = writers.map(([, write]) => write(SENDER, TOKEN, 86_400));

  it("are those whose texts are forgotten when the link has died, and no others", () => {
    const holding = written.filter(({ text }) => text.includes(TOKEN)).map(({ kind }) => kind);
    expect(holding.length).toBeGreaterThan(3);
    expect(holding.filter((kind) => !LONG_LIVED.includes(kind)).sort()).toEqual([...texts.KINDS_WITH_LINK].sort());
  });

  it("lead below the configured issuer, whatever the mail is about", () => {
    for (const { text } of written) {
      for (const [url] of text.matchAll(/https?:\/\/\S+/g)) expect(url.startsWith(`${SENDER.issuerUrl}/`)).toBe(true);
    }
  });
});
