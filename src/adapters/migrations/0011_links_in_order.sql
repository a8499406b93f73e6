-- When a link was mailed: the order in which an account was moved, also where its links live for different times. Unix milliseconds.
-- Null for what an older version of the code kept. A link lives a week at most: those count as mailed a week before their end, which
-- is before whatever has a time of its own, and among themselves in the order of their ends.
ALTER TABLE action_links ADD COLUMN created_at INTEGER;
