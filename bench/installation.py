"""Fills the tables around a campaign with what an installation in use has in them, hundreds of rows each.

PostgreSQL reads a table of one page as a whole, whatever indexes it has: a plan from an empty installation says nothing
of the plan that one in use gets.
"""

from datetime import UTC, datetime, timedelta
from itertools import combinations, islice
from typing import Any
from zoneinfo import available_timezones

from psycopg import Connection

MANY = 600
DAYS = 30
CONTACTS = 20

ROWS = """
INSERT INTO projects (name) SELECT 'tenant ' || n FROM generate_series(1, %(many)s) n;
INSERT INTO limit_profiles (name, per_week) SELECT 'profile ' || n, 1 + n %% 7 FROM generate_series(1, %(many)s) n;
INSERT INTO gateways (name, max_channels, calls_per_second)
SELECT 'trunk-' || n, 30, 10 FROM generate_series(1, %(many)s) n;
INSERT INTO caller_ids (gateway_id, phone)
SELECT g.id, '+7495' || 1000000 + 10 * g.id + n FROM gateways g CROSS JOIN generate_series(1, 3) n
WHERE g.name ^@ 'trunk-';
INSERT INTO flow_versions (flow_id, version, definition)
SELECT v.flow_id, v.version + n, v.definition FROM flow_versions v CROSS JOIN generate_series(1, %(many)s) n
WHERE v.id = (SELECT min(id) FROM flow_versions);
INSERT INTO campaigns (name, state, flow_version_id, description)
SELECT 'last year ' || id, 'archived', id, repeat('What it was about. ', 5) FROM flow_versions
WHERE id > (SELECT min(id) FROM flow_versions);
INSERT INTO campaign_gateways (campaign_id, gateway_id)
SELECT k.id, g.id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM campaigns WHERE name ^@ 'last year ') k
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM gateways WHERE name ^@ 'trunk-') g USING (n);
INSERT INTO campaign_caller_ids (campaign_id, gateway_id, caller_id_id)
SELECT cg.campaign_id, cg.gateway_id, i.id FROM campaign_gateways cg JOIN caller_ids i USING (gateway_id)
JOIN campaigns k ON k.id = cg.campaign_id AND k.name ^@ 'last year ';
INSERT INTO campaign_tallies (campaign_id, day, disposition, shard, attempts, billsec)
SELECT k.id, %(today)s::date - n, 'hung_up', 0, 100, 2000 FROM campaigns k CROSS JOIN generate_series(0, %(days)s) n
WHERE k.name ^@ 'last year ' AND k.id %% 20 = 0;
INSERT INTO blacklists (name, is_global) SELECT 'list ' || n, n %% 10 = 0 FROM generate_series(1, %(many)s) n;
INSERT INTO blacklist_campaigns (blacklist_id, campaign_id)
SELECT l.id, k.id FROM blacklists l JOIN campaigns k ON k.name ^@ 'last year ' AND k.id %% 100 = l.id %% 100
WHERE NOT l.is_global;
INSERT INTO blacklist (phone, reason, blacklist_id)
SELECT '+7812' || 1000000 + n, 'other', l.id
FROM blacklists l CROSS JOIN generate_series(1, %(contacts)s) n WHERE l.name ^@ 'list ' AND l.id %% 10 = 0;
INSERT INTO contacts (campaign_id, phone, zone_set_id, state, disposition, concluded_at, due_at, attempt_count)
SELECT k.id, '+7' || 9600000000 + 100000 * (k.id %% 1000) + n, (SELECT min(id) FROM zone_sets), 'concluded',
    'no_answer', now() - interval '60 days', now() - interval '60 days', 1
FROM campaigns k CROSS JOIN generate_series(1, %(contacts)s) n WHERE k.name ^@ 'last year ';
INSERT INTO attempts (id, campaign_id, contact_id, gateway_id, flow_version_id, phone, caller_id, number, claimed_at,
    concluded_at, ended_at, disposition)
SELECT gen_random_uuid(), c.campaign_id, c.id, g.gateway_id, k.flow_version_id, c.phone, '+74951000000', 1,
    c.concluded_at - interval '1 minute', c.concluded_at, c.concluded_at, 'no_answer'
FROM contacts c JOIN campaigns k ON k.id = c.campaign_id JOIN campaign_gateways g ON g.campaign_id = k.id
WHERE k.name ^@ 'last year '
"""


def furnish(conn: Connection[Any]) -> None:
    """Add what was there before the campaign that is measured: nothing of it dials or waits. Wants a set of zones."""
    values = {"many": MANY, "days": DAYS, "contacts": CONTACTS, "today": datetime.now(UTC).date() - timedelta(days=1)}
    with conn.transaction(), conn.cursor() as cursor:
        for statement in ROWS.split(";\n"):
            cursor.execute(statement, values)
        pairs = islice(combinations(sorted(available_timezones()), 2), MANY)
        cursor.executemany("INSERT INTO zone_sets (zones) VALUES (%s)", [(list(pair),) for pair in pairs])
