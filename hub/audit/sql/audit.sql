-- SPDX-License-Identifier: LGPL-2.1-or-later

-- The newest first; $1 and $2 are the last row of the page before. $3 is an action or its first
-- words: "booking" finds booking.accept too.
-- name: event_list
select audit.event (e) as body,
  to_char (e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '_' || e.id as cursor
from karez.event e
where ($1::timestamptz is null or (e.at, e.id) < ($1::timestamptz, $2::uuid))
  and ($3::text is null or e.action = $3::text or starts_with (e.action, $3::text || '.'))
  and ($4::text is null or e.actor_id = $4::text)
  and ($5::uuid is null or e.session = $5::uuid)
  and ($6::uuid is null or e.patient = $6::uuid)
  and ($7::timestamptz is null or e.at >= $7::timestamptz)
  and ($8::timestamptz is null or e.at < $8::timestamptz)
order by e.at desc, e.id desc
limit $9::bigint
