-- SPDX-License-Identifier: LGPL-2.1-or-later

-- name: participant_keep
insert into guidance.participant (id, session, person, role)
values ($1::uuid, $2::uuid, $3, $4)
on conflict (id) do nothing

-- A worker that came back may keep it again: the longer one stays.
-- name: summary_keep
insert into guidance.summary (session, people, seconds, marks, more_marks, checklists)
values ($1::uuid, $2::jsonb, $3::integer, $4::jsonb, $5::integer, $6::jsonb)
on conflict (session) do update set people = excluded.people, seconds = excluded.seconds,
  marks = excluded.marks, more_marks = excluded.more_marks, checklists = excluded.checklists,
  kept_at = excluded.kept_at
where summary.seconds <= excluded.seconds

-- name: summary_by_session
select s.people, s.seconds, s.marks, s.more_marks, s.checklists,
  guidance.rfc3339 (s.kept_at) as kept_at
from guidance.summary s where s.session = $1::uuid
