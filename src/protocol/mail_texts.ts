/**
 * Every mail that people get, as plain text. Owns the words. Takes nothing that a stranger chose but the address it goes to: a mail
 * that repeats a registrant's name is a way to send others one's own text in our name.
 */
export interface MailText<Kind extends string> {
  readonly kind: Kind;
  readonly subject: string;
  readonly text: string;
}

/**
 * The mails whose text is worth an account to whoever reads it, for as long as its link works. Not `email_changed`: its link works for
 * days, and a warning that came late is better than none.
 */
export const KINDS_WITH_LINK = [
  "verify_email",
  "reset_password",
  "address_in_use",
  "invitation",
  "change_email",
] as const;

/** Who writes, and how long a link in the mail works. */
export interface MailSender {
  readonly issuerUrl: string;
  readonly brandName: string;
  readonly linkSeconds: number;
}

const IGNORE = "If this was not you, you need do nothing: without the link above nothing happens.";

/** Confirms the address of a new account. */
export function verifyEmailText(sender: MailSender, token: string): MailText<"verify_email"> {
  return {
    kind: "verify_email",
    subject: `Confirm your email address for ${sender.brandName}`,
    text: lines(
      `An account at ${sender.brandName} was made with this email address. Confirm that it is yours, and you can sign in:`,
      link(sender, "/verify-email", token),
      `${lifetime(sender)} In another browser than the one that you registered in, it asks for the password that you chose.`,
      "If this was not you, you need do nothing: somebody used your address, and cannot sign in with it unless you confirm it.",
    ),
  };
}

/** To whoever owns an account that somebody tried to register again. */
export function addressInUseText(sender: MailSender, token: string): MailText<"address_in_use"> {
  return {
    kind: "address_in_use",
    subject: `You have an account at ${sender.brandName}`,
    text: lines(
      `Somebody tried to use this email address for an account at ${sender.brandName}. It has one already, and nothing was changed.`,
      "You can sign in with your password. If you forgot it, or never confirmed the address, set a new one here:",
      link(sender, "/reset", token),
      lifetime(sender),
      IGNORE,
    ),
  };
}

/** Sets a new password. */
export function resetPasswordText(sender: MailSender, token: string): MailText<"reset_password"> {
  return {
    kind: "reset_password",
    subject: `Set a new password for ${sender.brandName}`,
    text: lines(
      `Somebody asked for a new password for your account at ${sender.brandName}. To set one, open:`,
      link(sender, "/reset", token),
      `${lifetime(sender)} It signs you out everywhere.`,
      IGNORE,
    ),
  };
}

/** To somebody for whom an operator made an account: it has no password until they set one. */
export function invitationText(sender: MailSender, token: string): MailText<"invitation"> {
  return {
    kind: "invitation",
    subject: `Your account at ${sender.brandName}`,
    text: lines(
      `An account at ${sender.brandName} was made for you. To choose its password, open:`,
      link(sender, "/reset", token),
      `${lifetime(sender)} Later, ask for a new one at ${sender.issuerUrl}/forgot.`,
    ),
  };
}

/** To an address without an account, whose owner asked for a new password. */
export function noAccountText(sender: MailSender): MailText<"no_account"> {
  return {
    kind: "no_account",
    subject: `No account at ${sender.brandName}`,
    text: lines(
      `Somebody asked for a new password at ${sender.brandName} for this email address. There is no account with it.`,
      "If it was you, you may have registered with another email address. If it was not, you need do nothing.",
    ),
  };
}

/** After the password changed, however it came about. */
export function passwordChangedText(sender: MailSender): MailText<"password_changed"> {
  return {
    kind: "password_changed",
    subject: `Your password for ${sender.brandName} was changed`,
    text: lines(
      `The password of your account at ${sender.brandName} was changed, and other browsers and apps were signed out.`,
      `If this was not you, set a new one at once: ${sender.issuerUrl}/forgot`,
    ),
  };
}

/** Moves an account to the address that this goes to. */
export function changeEmailText(sender: MailSender, token: string): MailText<"change_email"> {
  return {
    kind: "change_email",
    subject: `Confirm your new email address for ${sender.brandName}`,
    text: lines(
      `Somebody asked for this to become the email address of their account at ${sender.brandName}. If it was you, open this where you are signed in:`,
      link(sender, "/account/email/confirm", token),
      lifetime(sender),
      IGNORE,
    ),
  };
}

/**
 * To the address that an account has left, with a way back. It does not name the new one: whoever reads this mailbox may be the
 * person that its owner moved away from.
 */
export function emailChangedText(sender: MailSender, token: string, undoSeconds: number): MailText<"email_changed"> {
  return {
    kind: "email_changed",
    subject: `Your email address for ${sender.brandName} was changed`,
    text: lines(
      `Your account at ${sender.brandName} has another email address now, and you sign in with that one. If this was you, you need do nothing.`,
      "If it was not you, somebody knows your password. Take the account back with this address and a new password:",
      link(sender, "/account/email/undo", token),
      `${lifetime({ linkSeconds: undoSeconds })} After that, tell whoever runs ${sender.brandName}.`,
    ),
  };
}

/** To the address that an account had in between, after the earlier one took it back. */
export function emailChangeUndoneText(sender: MailSender): MailText<"email_change_undone"> {
  return {
    kind: "email_change_undone",
    subject: `Your email address for ${sender.brandName} was changed back`,
    text: lines(
      `Somebody who reads the mail of the earlier address of your account at ${sender.brandName} changed it back and set a new password.`,
      `If this was not you, tell whoever runs ${sender.brandName}.`,
    ),
  };
}

/** After a code or a refresh token came back that had been used before, and ended everything or what one app had. */
export function suspectedTheftText(sender: MailSender, ended: "everything" | "one_app"): MailText<"suspected_theft"> {
  const [subject, signedOut] =
    ended === "everything"
      ? [`You were signed out of ${sender.brandName}`, "everything that had access was signed out"]
      : [`An app was signed out of ${sender.brandName}`, "that app was signed out"];
  return {
    kind: "suspected_theft",
    subject,
    text: lines(
      `An app presented an old key to your account at ${sender.brandName} that had been replaced. Somebody may have copied it, so ${signedOut}.`,
      `Sign in again where you need to. What has access is listed at ${sender.issuerUrl}/account.`,
    ),
  };
}

/**
 * The address of a page for a mailed link. Always below the configured issuer, whatever `Host` a request came with: a link that
 * leads elsewhere hands its token over. The token in the URL is a secret that cannot be avoided in mail: it works once,
 * and for minutes; its page sends no referrer and acts on POST alone, so that a scanner which opens links spends none.
 */
function link({ issuerUrl }: MailSender, path: string, token: string): string {
  return `${issuerUrl}${path}?token=${token}`;
}

function lifetime({ linkSeconds }: Pick<MailSender, "linkSeconds">): string {
  const minutes = Math.max(1, Math.floor(linkSeconds / 60));
  if (minutes >= 2 * 60) return `The link works once, for ${Math.floor(minutes / 60)} hours.`;
  return `The link works once, for ${minutes === 1 ? "one minute" : `${minutes} minutes`}.`;
}

function lines(...paragraphs: readonly string[]): string {
  return `${paragraphs.join("\n\n")}\n`;
}
