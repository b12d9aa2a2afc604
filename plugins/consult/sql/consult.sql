-- SPDX-License-Identifier: LGPL-2.1-or-later

-- name: summary_keep
insert into consult.summary (session, people, seconds)
values ($1::uuid, $2::jsonb, $3::integer)
on conflict (session) do update set people = excluded.people, seconds = excluded.seconds,
  kept_at = excluded.kept_at
where summary.seconds <= excluded.seconds

-- One row, or none where nothing was kept. Words of consent are those that version 0.1 kept here; the
-- hub keeps the others.
-- name: summary_by_session
select s.people, s.seconds,
  (select coalesce (json_agg (json_build_object ('state', c.state, 'basis', c.basis, 'by', c.given_by,
      'at', consult.rfc3339 (c.given_at))
    order by c.given_at, c.id), '[]'::json)
   from consult.consent c where c.session = $1::uuid) as consents
from (select $1::uuid as session) w left join consult.summary s using (session)
where s.session is not null
  or exists (select from consult.consent c where c.session = w.session)

-- name: consultant_keep
insert into consult.consultant (id, session, person)
values ($1::uuid, $2::uuid, $3)
on conflict (id) do nothing
