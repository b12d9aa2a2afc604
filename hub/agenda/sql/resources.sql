-- SPDX-License-Identifier: LGPL-2.1-or-later

-- name: resource_by_ids
select r.id, r.hub, agenda.offered (r) as active, r.names, r.version
from agenda.resource r where r.id = any ($1::uuid[])

-- name: resource_by_id
select r.id, r.hub, r.kind, r.names, r.detail, r.person, r.active, r.version,
  not exists (select from karez.person p where p.id = r.person and not p.active) as person_active
from agenda.resource r where r.id = $1::uuid

-- name: resource_list
select coalesce (json_agg (json_build_object (
  'id', r.id, 'hub', r.hub, 'kind', r.kind, 'names', r.names, 'detail', r.detail,
  'person', r.person, 'active', agenda.offered (r), 'in_use', r.active) order by r.hub, r.kind, r.names ->> 'en', r.id),
  '[]'::json) as items
from agenda.resource r where r.hub = any ($1::uuid[])

-- name: resource_insert
insert into agenda.resource (id, hub, kind, names, detail, person)
select $1::uuid, $2::uuid, $3, $4::jsonb, coalesce ($5::jsonb, '{}'), $6::uuid
where $6::uuid is null or exists (select from karez.person p where p.id = $6::uuid and p.active)

-- name: resource_update
update agenda.resource set names = $3::jsonb, detail = $4::jsonb, active = $5::boolean,
  version = version + 1
where id = $1::uuid and hub = $2::uuid and version = $6::bigint

-- A copy of what its owner says; an older copy changes nothing, nor does one of somebody else.
-- name: resource_mirror
insert into agenda.resource (id, hub, kind, names, detail, active, version)
values ($1::uuid, $2::uuid, $3, $4::jsonb, $5::jsonb, $6::boolean, $7::bigint)
on conflict (id) do update set names = excluded.names, detail = excluded.detail,
  active = excluded.active, version = excluded.version
where resource.hub = excluded.hub and resource.version < excluded.version

-- A row unless one of $1 is known as another hospital's than $2.
-- name: resource_theirs
select 1 as theirs where not exists (select from agenda.resource r
  where r.id = any ($1::uuid[]) and r.hub <> $2::uuid)

-- A row if the resource $1 may be mirrored of the hub $2, which has at most $3.
-- name: resource_mirrored
select 1 as mirrored
where not exists (select from agenda.resource r where r.id = $1::uuid and r.hub <> $2::uuid)
  and (exists (select from agenda.resource r where r.id = $1::uuid)
       or (select count (*) from agenda.resource r where r.hub = $2::uuid) < $3::bigint)

-- name: resource_feed
select r.id, r.kind, r.names, r.detail, agenda.offered (r) as active, r.version
from agenda.resource r
where r.hub = $1::uuid and r.id > $2::uuid order by r.id limit $3::bigint

-- Everybody who wants resources locks them first and in this order: simultaneous inserts under an
-- exclusion constraint deadlock otherwise.
-- name: resource_lock
select r.id from agenda.resource r
where r.id = any ($1::uuid[])
   or r.id in (select c.resource from agenda.claim c
               where c.booking = $2::uuid and c.state in ('held', 'confirmed'))
order by r.id for no key update

-- Own resources whose person is in use and was told not to be, or the other way round.
-- name: resource_stale
select r.id, r.kind, r.names, r.detail, r.version, agenda.offered (r) as active,
  p.active as person_active
from agenda.resource r join karez.person p on p.id = r.person
where r.hub = $1::uuid and r.person_active <> p.active

-- name: resource_told
update agenda.resource set person_active = $2::boolean, version = version + 1
where id = $1::uuid and version = $3::bigint
