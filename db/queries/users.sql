-- create -- store an account
INSERT INTO users (email, password_hash, role, language)
VALUES (%(email)s, %(password_hash)s, %(role)s::user_role, %(language)s)
RETURNING id;

-- get -- one account
SELECT id, email, role, language, is_active FROM users WHERE id = %(id)s;

-- for_sign_in -- what checking a password needs
SELECT id, password_hash FROM users WHERE project_id = 1 AND email = %(email)s AND is_active;

-- set_password_hash -- store a hash made with today's parameters
UPDATE users SET password_hash = %(password_hash)s WHERE id = %(id)s;

-- signed_in -- remember when
UPDATE users SET last_sign_in_at = now() WHERE id = %(id)s;

-- set_language -- remember the choice
UPDATE users SET language = %(language)s WHERE id = %(id)s;
