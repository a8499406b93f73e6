-- What the sweeper looks for: rows by the time from which they are kept no longer. Times are Unix milliseconds.

CREATE INDEX mail_outbox_sent ON mail_outbox (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX mail_outbox_unsent ON mail_outbox (created_at) WHERE sent_at IS NULL;
CREATE INDEX security_events_by_time ON security_events (at);
-- Nobody has touched them since they were registered.
CREATE INDEX users_untouched ON users (created_at) WHERE version = 1 AND email_verified = 0;

-- From now on they go with their user.
DELETE FROM pairwise_subjects WHERE user_id NOT IN (SELECT id FROM users);
