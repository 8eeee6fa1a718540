-- create -- E-mail addresses are kept in lower case.
INSERT INTO users (email, password_hash, role, language)
VALUES (lower(%(email)s), %(password_hash)s, %(role)s, %(language)s)
ON CONFLICT (project_id, email) DO NOTHING
RETURNING id

-- by_email -- For the sign-in.
SELECT id, email, role, language, is_active, created_at, last_sign_in_at, password_hash
FROM users WHERE project_id = 1 AND email = lower(%(email)s)

-- get -- For each request.
SELECT id, email, role, language, is_active, created_at, last_sign_in_at FROM users WHERE id = %(user_id)s

-- list_all -- Every user.
SELECT id, email, role, language, is_active, created_at, last_sign_in_at FROM users ORDER BY email

-- signed_in -- When, and the hash anew when the parameters of hashing have grown.
UPDATE users SET last_sign_in_at = now(), password_hash = coalesce(%(password_hash)s, password_hash)
WHERE id = %(user_id)s

-- set_password -- A new one.
UPDATE users SET password_hash = %(password_hash)s WHERE id = %(user_id)s

-- set_language -- Of the panel.
UPDATE users SET language = %(language)s WHERE id = %(user_id)s

-- change -- Role, and whether the user may sign in.
UPDATE users SET role = %(role)s, is_active = %(is_active)s WHERE id = %(user_id)s
