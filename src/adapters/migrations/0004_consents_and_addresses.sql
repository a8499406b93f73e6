-- Consents that end with the account's epoch, and links that change an address. Times are Unix milliseconds.

-- The epoch of the account under which a consent was given: it counts under no other one. Epochs begin with 1, so that what was
-- agreed before there was this column is asked for once more.
ALTER TABLE consents ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;

-- A check cannot be changed in its place.
CREATE TABLE mailed_links (
  hash TEXT PRIMARY KEY,
  purpose TEXT NOT NULL CHECK (purpose IN ('verify_email', 'reset_password', 'change_email', 'undo_email_change')),
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  email TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

INSERT INTO mailed_links SELECT hash, purpose, user_id, email, expires_at FROM action_links;
DROP TABLE action_links;
ALTER TABLE mailed_links RENAME TO action_links;

CREATE INDEX action_links_by_user ON action_links (user_id, purpose);
CREATE INDEX action_links_by_end ON action_links (expires_at);
