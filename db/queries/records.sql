-- days -- Of records `r`, those of some days of UTC, both included; NULL: no bound.
    AND (%(since)s::date IS NULL OR r.at >= %(since)s::date::timestamp AT TIME ZONE 'UTC')
    AND (%(until)s::date IS NULL OR r.at < (%(until)s::date + 1)::timestamp AT TIME ZONE 'UTC')

-- newest_first -- From the last one seen on; NULL: from the newest.
    AND (%(before)s::bigint IS NULL OR r.id < %(before)s::bigint)
ORDER BY r.id DESC LIMIT %(limit)s

-- oldest_first -- All of them, for a file.
ORDER BY r.id
