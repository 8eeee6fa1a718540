-- pause -- The first reason stays.
UPDATE integrations SET paused_at = now(), paused_reason = %(reason)s WHERE kind = %(kind)s AND paused_at IS NULL

-- resume -- Works again.
UPDATE integrations SET paused_at = NULL, paused_reason = NULL WHERE kind = %(kind)s AND paused_at IS NOT NULL

-- is_paused -- An integration nobody knows is not paused.
SELECT paused_at IS NOT NULL FROM integrations WHERE kind = %(kind)s

-- list_all -- Every integration.
SELECT kind, paused_at, paused_reason FROM integrations ORDER BY kind
