-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Those of a session, and whether $2 was there as $3, or as anything for null.
-- name: pictures_by_session
select
  exists (select from guidance.participant p where p.session = $1::uuid and p.person = $2
          and ($3::text is null or p.role = $3)) as may,
  (select coalesce (json_agg (json_build_object (
      'id', a.id, 'kind', a.kind, 'media_type', a.media_type, 'size', a.size, 'width', a.width,
      'height', a.height, 'sha256', encode (a.sha256, 'hex'), 'state', a.state, 'sent', a.sent,
      'hub', a.hub, 'caption', a.caption, 'marks', a.marks, 'drawn_in', a.drawn_in,
      'taken_at', guidance.rfc3339 (a.taken_at), 'added_by', a.added_by,
      'added_at', guidance.rfc3339 (a.added_at))
    order by a.taken_at, a.id), '[]'::json)
   from guidance.picture a where a.session = $1::uuid) as pictures

-- Two that are added at once do not pass the limit together.
-- name: pictures_lock
select pg_advisory_xact_lock (hashtextextended ('guidance.picture ' || $1, 0))

-- Added here, if the session has room; what was given up takes none, but is no more than as much
-- again.
-- name: picture_add
insert into guidance.picture (id, session, hub, partner, kind, media_type, size, state, caption,
  marks, drawn_in, taken_at, added_by, added_at)
select $1::uuid, $2::uuid, $3::uuid, $4::uuid, $5, $6, $7::integer, 'coming', $8, $9::jsonb,
  $10::boolean, $11::timestamptz, $12, clock_timestamp ()
where (select count (*) from guidance.picture a
       where a.session = $2::uuid and a.state <> 'abandoned') < $13::bigint
  and (select count (*) from guidance.picture a where a.session = $2::uuid) < 2 * $13::bigint
on conflict do nothing

-- Announced by the other hospital, $3. One that is announced again stays as it is.
-- name: picture_receive
insert into guidance.picture (id, session, hub, partner, kind, media_type, size, state, sent,
  caption, marks, drawn_in, taken_at, added_by, added_at, sha256)
select $1::uuid, $2::uuid, $3::uuid, $4::uuid, $5, $6, $7::integer, 'coming', true, $8, $9::jsonb,
  $10::boolean, $11::timestamptz, $12, $14::timestamptz, decode ($15, 'hex')
where (select count (*) from guidance.picture a
       where a.session = $2::uuid and a.hub = $3::uuid and a.id <> $1::uuid) < 2 * $13::bigint
on conflict (id) do update set sent = true
where picture.session = excluded.session and picture.hub = excluded.hub
  and picture.sha256 = excluded.sha256

-- And whether $3 was there as who sends what is of that kind.
-- name: picture_by_id
select a.id, a.session, a.hub, a.kind, a.media_type, null as note, a.size, a.state,
  encode (a.sha256, 'hex') as sha256, guidance.rfc3339 (a.taken_at) as taken_at,
  (select count (*) from guidance.picture_part p where p.picture = a.id) as parts,
  (select coalesce (sum (octet_length (p.bytes)), 0)
   from guidance.picture_part p where p.picture = a.id) as received,
  exists (select from guidance.participant p where p.session = a.session and p.person = $3
          and p.role = case a.kind when 'still' then 'site' else 'expert' end) as may
from guidance.picture a where a.id = $1::uuid and a.session = $2::uuid

-- name: picture_measure
update guidance.picture set width = $2::integer, height = $3::integer where id = $1::uuid

-- Own ones that are whole and were not announced, of the hospitals $2.
-- name: pictures_unsent
select a.id, a.session, a.partner, a.kind, a.media_type, a.size, encode (a.sha256, 'hex') as sha256,
  a.caption, a.marks, a.drawn_in, guidance.rfc3339 (a.taken_at) as taken_at, a.added_by,
  guidance.rfc3339 (a.added_at) as added_at
from guidance.picture a
where a.hub = $1::uuid and not a.sent and a.state = 'whole' and a.partner = any ($2::text[]::uuid[])
order by a.added_at, a.id limit 50

-- name: picture_sent
update guidance.picture set sent = true where id = $1::uuid and not sent

-- name: picture_part_keep
insert into guidance.picture_part (picture, part, bytes)
select a.id, $2::integer, $3::bytea from guidance.picture a
where a.id = $1::uuid and a.state = 'coming'
on conflict (picture, part) do nothing

-- name: picture_part_same
select 1 as same from guidance.picture_part p
where p.picture = $1::uuid and p.part = $2::integer and encode (sha256 (p.bytes), 'hex') = $3

-- name: picture_progress
update guidance.picture set progress_at = clock_timestamp ()
where id = $1::uuid and state <> 'abandoned' returning id

-- name: pictures_stopped
select a.id, a.session from guidance.picture a
where a.state = 'coming' and a.hub = $1::uuid
  and a.progress_at < clock_timestamp () - make_interval (secs => $2::integer)
order by a.progress_at limit 50

-- name: picture_abandon
update guidance.picture set state = 'abandoned'
where id = $1::uuid and state = 'coming'
  and progress_at < clock_timestamp () - make_interval (secs => $2::integer)
returning id

-- name: picture_part_discard
delete from guidance.picture_part where picture = $1::uuid

-- name: picture_discard
delete from guidance.picture where id = $1::uuid and not sent and hub = $2::uuid returning id

-- name: picture_spoil
update guidance.picture set state = 'broken' where id = $1::uuid and state = 'coming'

-- Whole once all its bytes are here; broken if they are not those that were announced.
-- name: picture_close
with have as (
  select sum (octet_length (p.bytes)) as size from guidance.picture_part p
  where p.picture = $1::uuid
), digest as (
  select sha256 (string_agg (p.bytes, ''::bytea order by p.part)) as sha256
  from guidance.picture_part p, have h, guidance.picture a
  where p.picture = $1::uuid and a.id = $1::uuid and h.size = a.size
)
update guidance.picture a set sha256 = coalesce (a.sha256, d.sha256),
  state = case when coalesce (a.sha256, d.sha256) = d.sha256 then 'whole' else 'broken' end
from digest d
where a.id = $1::uuid and a.state = 'coming' and d.sha256 is not null
returning a.state

-- The next one of each of the hospitals $2 that has not come whole, but for $3; those of $4 after all
-- others.
-- name: pictures_coming
select c.id, c.session, c.hub, c.media_type, null as note, 'coming' as state,
  encode (c.sha256, 'hex') as sha256, c.size, 0 as received,
  (select count (*) from guidance.picture_part p where p.picture = c.id) as parts
from (
  select distinct on (a.hub) a.id, a.session, a.hub, a.size, a.media_type, a.sha256
  from guidance.picture a
  where a.state = 'coming' and a.partner = $1::uuid and a.hub = any ($2::text[]::uuid[])
    and a.id <> all ($3::text[]::uuid[])
  order by a.hub, a.id = any ($4::text[]::uuid[]), a.known_at, a.id
) c

-- name: picture_piece
select substring (p.bytes from $3::integer + 1 for $4::integer) as bytes
from guidance.picture_part p where p.picture = $1::uuid and p.part = $2::integer

-- An own one that was announced to the hospital $2.
-- name: picture_booking
select a.session from guidance.picture a
where a.id = $1::uuid and a.sent and a.partner = $2::uuid and a.hub = $3::uuid

-- name: picture_part_by_number
select translate (encode (p.bytes, 'base64'), E'\n', '') as bytes
from guidance.picture_part p join guidance.picture a on a.id = p.picture
where p.picture = $1::uuid and p.part = $2::integer and a.state = 'whole'
  and a.sent and a.partner = $3::uuid and a.hub = $4::uuid
