-- How mail goes on from its outbox. Times are Unix milliseconds.

ALTER TABLE mail_outbox ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
-- When the next try is due.
ALTER TABLE mail_outbox ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;
-- When it had become too old to be tried again.
ALTER TABLE mail_outbox ADD COLUMN given_up_at INTEGER;
-- What a mail is about, where a repetition of that must not become a second mail.
ALTER TABLE mail_outbox ADD COLUMN once_key TEXT;

CREATE UNIQUE INDEX mail_outbox_once ON mail_outbox (once_key);
CREATE INDEX mail_outbox_due ON mail_outbox (due_at) WHERE sent_at IS NULL AND given_up_at IS NULL;
