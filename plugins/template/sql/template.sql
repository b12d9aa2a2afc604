-- SPDX-License-Identifier: LGPL-2.1-or-later

-- name: note_by_session
select text, revision, to_json (authors) as authors, kept_by,
  to_char (kept_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as kept_at
from template.note where session = $1::uuid

-- A worker that came back may keep the note again: the newer one stays.
-- name: note_keep
insert into template.note (session, text, revision, authors, kept_by)
values ($1::uuid, $2, $3::bigint, $4::text[], $5)
on conflict (session) do update set text = excluded.text, revision = excluded.revision,
  authors = excluded.authors, kept_at = excluded.kept_at, kept_by = excluded.kept_by
where note.revision <= excluded.revision
