-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Its files are counted by one at a time.
-- name: request_lock
select r.id from consult.request r where r.id = $1::uuid for update

-- A row if $3 bytes more of $2 are within a day's bounds of one ($4) and of all of the hub $1 ($5).
-- name: attachment_room
select 1 as room from (
  select coalesce (sum (a.size), 0) as all_of,
    coalesce (sum (a.size) filter (where a.added_by = $2), 0) as own
  from consult.attachment a join consult.request r on r.id = a.request
  where r.hub = $1::uuid and a.state <> 'abandoned'
    and a.added_at > clock_timestamp () - interval '1 day') d
where d.own + $3::bigint <= $4::bigint and d.all_of + $3::bigint <= $5::bigint

-- Added here, to an own request that has room; what was abandoned takes none, but is no more than
-- as much again.
-- name: attachment_add
insert into consult.attachment (id, request, name, media_type, size, state, added_by, added_at)
select $1::uuid, r.id, $3, $4, $5::integer, 'coming', $6, clock_timestamp ()
from consult.request r where r.id = $2::uuid and r.hub = $7::uuid
  and (select count (*) from consult.attachment a
       where a.request = r.id and a.state <> 'abandoned') < $8::bigint
  and (select count (*) from consult.attachment a where a.request = r.id) < 2 * $8::bigint

-- Announced by the other hospital. A row unless there is no such request or it is full; one that is
-- announced again stays as it is.
-- name: attachment_receive
insert into consult.attachment (id, request, name, media_type, size, sha256, state, sent, added_by,
  added_at)
select $1::uuid, r.id, $3, $4, $5::integer, decode ($6, 'hex'), 'coming', true, $7,
  $8::timestamptz
from consult.request r where r.id = $2::uuid and r.hub = $9::uuid
  and (select count (*) from consult.attachment a where a.request = r.id and a.id <> $1::uuid)
    < $10::bigint
on conflict (id) do update set sent = true
where attachment.request = excluded.request and attachment.sha256 = excluded.sha256

-- name: attachment_by_id
select a.id, a.request, a.request as session, r.hub, r.partner, a.name, a.media_type,
  a.charset as note, a.size, a.state, a.sent, encode (a.sha256, 'hex') as sha256,
  (select count (*) from consult.attachment_part p where p.attachment = a.id) as parts,
  (select coalesce (sum (octet_length (p.bytes)), 0)
   from consult.attachment_part p where p.attachment = a.id) as received
from consult.attachment a join consult.request r on r.id = a.request where a.id = $1::uuid

-- name: part_piece
select substring (p.bytes from $3::integer + 1 for $4::integer) as bytes
from consult.attachment_part p where p.attachment = $1::uuid and p.part = $2::integer

-- For the other hospital: of a file that this one has sent, and to that one.
-- name: part_by_number
select translate (encode (p.bytes, 'base64'), E'\n', '') as bytes
from consult.attachment_part p join consult.attachment a on a.id = p.attachment
join consult.request r on r.id = a.request
where p.attachment = $1::uuid and p.part = $2::integer and a.state = 'whole'
  and a.sent and r.partner = $3::uuid and r.hub = $4::uuid

-- name: part_keep
insert into consult.attachment_part (attachment, part, bytes)
select a.id, $2::integer, $3::bytea from consult.attachment a
where a.id = $1::uuid and a.state = 'coming'
on conflict (attachment, part) do nothing

-- A row if the part $2 that is kept is the one whose SHA-256 is $3.
-- name: part_same
select 1 as same from consult.attachment_part p
where p.attachment = $1::uuid and p.part = $2::integer and encode (sha256 (p.bytes), 'hex') = $3

-- A row unless nobody went on with it for so long that it was given up.
-- name: attachment_progress
update consult.attachment set progress_at = clock_timestamp ()
where id = $1::uuid and state <> 'abandoned' returning id

-- Own files that stopped coming $2 seconds ago.
-- name: attachments_stopped
select a.id, a.request as session
from consult.attachment a join consult.request r on r.id = a.request
where a.state = 'coming' and r.hub = $1::uuid
  and a.progress_at < clock_timestamp () - make_interval (secs => $2::integer)
order by a.progress_at limit 50

-- name: attachment_abandon
update consult.attachment set state = 'abandoned'
where id = $1::uuid and state = 'coming'
  and progress_at < clock_timestamp () - make_interval (secs => $2::integer)
returning id

-- The booking of a file that was sent to the hospital $2.
-- name: attachment_booking
select a.request as session from consult.attachment a join consult.request r on r.id = a.request
where a.id = $1::uuid and a.sent and r.partner = $2::uuid and r.hub = $3::uuid

-- name: attachment_charset
update consult.attachment set charset = $2 where id = $1::uuid

-- What came of it is not what it was announced as: no more is fetched.
-- name: attachment_break
update consult.attachment set state = 'broken' where id = $1::uuid and state = 'coming'

-- Whole once all its bytes are here; broken if they are not those that were announced.
-- name: attachment_close
with have as (
  select sum (octet_length (p.bytes)) as size from consult.attachment_part p
  where p.attachment = $1::uuid
), digest as (
  select sha256 (string_agg (p.bytes, ''::bytea order by p.part)) as sha256
  from consult.attachment_part p, have h, consult.attachment a
  where p.attachment = $1::uuid and a.id = $1::uuid and h.size = a.size
)
update consult.attachment a set sha256 = coalesce (a.sha256, d.sha256),
  state = case when coalesce (a.sha256, d.sha256) = d.sha256 then 'whole' else 'broken' end
from digest d
where a.id = $1::uuid and a.state = 'coming' and d.sha256 is not null
returning a.state

-- The next file of each of the hospitals $2 that has not come whole, but for the files $3; those of
-- $4 after all others.
-- name: attachments_coming
select c.id, c.request as session, c.hub, c.size, c.media_type, c.charset as note, 'coming' as state,
  encode (c.sha256, 'hex') as sha256, 0 as received,
  (select count (*) from consult.attachment_part p where p.attachment = c.id) as parts
from (
  select distinct on (r.hub) a.id, a.request, r.hub, a.size, a.media_type, a.charset, a.sha256
  from consult.attachment a join consult.request r on r.id = a.request
  where a.state = 'coming' and r.partner = $1::uuid and r.hub = any ($2::text[]::uuid[])
    and a.id <> all ($3::text[]::uuid[])
  order by r.hub, a.id = any ($4::text[]::uuid[]), a.known_at, a.id
) c

-- name: part_discard
delete from consult.attachment_part where attachment = $1::uuid

-- name: attachment_discard
delete from consult.attachment a using consult.request r
where a.id = $1::uuid and not a.sent and r.id = a.request and r.hub = $2::uuid
returning a.id
