import type { MailSender, MailText } from "./mail_texts.ts";

/** How a key is named in a mail: as operators called it, and by what may be shown of its string. */
export interface NamedKey {
  readonly name: string;
  readonly prefix: string;
  readonly lastFour: string;
}

/**
 * To the user whose API key was found in public. It does not say where: whoever published it chose that text. A new string is not in it
 * either: a mailbox is no place for a secret, and whoever runs the installation hands it over as they did the first.
 */
export function keyLeakedText(sender: MailSender, { name, prefix, lastFour }: NamedKey): MailText<"api_key_leaked"> {
  const paragraphs = [
    `Your API key "${name}" (${prefix}…${lastFour}) was found in a public place, so it has been ended. Whatever used it gets no answer any more.`,
    "Remove it from where it was published. Its history there may still show it, which does no harm now.",
    `For a new one, ask whoever runs ${sender.brandName}.`,
  ];
  return {
    kind: "api_key_leaked",
    subject: `An API key of yours at ${sender.brandName} was found in public`,
    text: `${paragraphs.join("\n\n")}\n`,
  };
}
