-- SPDX-License-Identifier: LGPL-2.1-or-later

-- name: request_by_id
select r.id, r.hub, r.partner, r.version, r.history, r.question, r.written_by,
  consult.rfc3339 (r.written_at) as written_at, r.sent_version = r.version as sent,
  (select count (*) from consult.attachment a where a.request = r.id) as attachment_count,
  (select coalesce (json_agg (json_build_object (
      'id', a.id, 'name', a.name, 'media_type', a.media_type, 'size', a.size, 'state', a.state,
      'sent', a.sent, 'received', (select coalesce (sum (octet_length (p.bytes)), 0)
                   from consult.attachment_part p where p.attachment = a.id),
      'added_by', a.added_by, 'added_at', consult.rfc3339 (a.added_at))
      order by a.added_at, a.id), '[]'::json)
   from consult.attachment a where a.request = r.id) as attachments
from consult.request r where r.id = $1::uuid

-- A row if the version is this one, 0 for a request that is not there; or if it is -1, any.
-- name: request_at
select 1 as there where $2::bigint = -1
  or coalesce ((select version from consult.request where id = $1::uuid), 0) = $2::bigint

-- Written here. A row if it is this hospital's own, and the version $7 that the writer saw, or any
-- for -1: two who write at once do not pass each other.
-- name: request_write
insert into consult.request (id, hub, partner, version, history, question, written_by, written_at)
values ($1::uuid, $2::uuid, $3::uuid, 1, $4, $5, $6, clock_timestamp ())
on conflict (id) do update set version = request.version + 1, partner = excluded.partner,
  history = excluded.history, question = excluded.question, written_by = excluded.written_by,
  written_at = excluded.written_at
where request.hub = excluded.hub and ($7::bigint = -1 or request.version = $7::bigint)
returning version

-- Told by the other hospital. No row for an older one, and for one of somebody else. A hospital that
-- was restored counts its versions again: there the time of writing tells which is newer.
-- name: request_receive
insert into consult.request (id, hub, partner, version, history, question, written_by, written_at,
  sent_version)
values ($1::uuid, $2::uuid, $3::uuid, $4::integer, $5, $6, $7, $8::timestamptz, $4::integer)
on conflict (id) do update set version = greatest (request.version, excluded.version),
  sent_version = greatest (request.version, excluded.version), history = excluded.history, question = excluded.question, written_by = excluded.written_by,
  written_at = excluded.written_at
where request.hub = excluded.hub
  and (request.version < excluded.version or request.written_at <= excluded.written_at)

-- Own requests of which the other hospital has not been sent all: a page after the id $2.
-- name: requests_unsent
select r.id, r.written_at < clock_timestamp () - interval '48 hours' as stale,
  r.sent_version = 0 as draft
from consult.request r
where r.hub = $1::uuid and not r.over and r.id > $2::uuid and (r.sent_version < r.version
  or exists (select from consult.attachment a where a.request = r.id and not a.sent
             and a.state = 'whole'))
order by r.id limit $3::bigint

-- What is to be sent of one.
-- name: request_unsent
select r.version, r.sent_version, r.history, r.question, r.written_by,
  consult.rfc3339 (r.written_at) as written_at,
  (select coalesce (json_agg (json_build_object (
      'id', a.id, 'name', a.name, 'media_type', a.media_type, 'size', a.size,
      'sha256', encode (a.sha256, 'hex'), 'added_by', a.added_by,
      'added_at', consult.rfc3339 (a.added_at)) order by a.added_at, a.id), '[]'::json)
   from consult.attachment a where a.request = r.id and not a.sent and a.state = 'whole')
   as attachments
from consult.request r where r.id = $1::uuid and r.hub = $2::uuid and not r.over

-- Nothing more of it is sent.
-- name: request_close
update consult.request set over = true where id = $1::uuid and not over

-- name: request_sent
update consult.request set sent_version = $2::integer, partner = $3::uuid
where id = $1::uuid and sent_version < $2::integer

-- name: attachment_sent
update consult.attachment set sent = true where id = $1::uuid and not sent

-- A draft that came to nothing.
-- name: parts_discard
delete from consult.attachment_part p using consult.attachment a
where p.attachment = a.id and a.request = $1::uuid

-- name: attachments_discard
delete from consult.attachment where request = $1::uuid

-- name: request_discard
delete from consult.request where id = $1::uuid and sent_version = 0

-- name: attachment_ids
select coalesce (array_to_json (array_agg (a.id)), '[]'::json) as ids
from consult.attachment a where a.request = $1::uuid
