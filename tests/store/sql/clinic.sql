-- SPDX-License-Identifier: LGPL-2.1-or-later
-- name: thing_put
insert into clinic.thing (id, name, n, bytes) values ($1::uuid, $2, $3, $4::bytea);

-- name: thing_delete
delete from clinic.thing where id = $1::uuid;

-- name: thing_count_up
-- A guard in the WHERE.
update clinic.thing set n = n + 1 where id = $1::uuid and n < $2 returning n;

-- name: thing_by_id
select id, name, n, bytes, n > 0 as used, to_jsonb (thing) - 'bytes' as whole
from clinic.thing where id = $1::uuid;

-- name: thing_list
select id, name from clinic.thing where name = any ($1::text[]) order by name;

-- name: detail_put
insert into clinic.detail (id, thing, text) values ($1::uuid, $2::uuid, $3);

-- name: tally_up
update clinic.tally set n = n + 1 where name = $1;

-- name: sleep
select pg_sleep ($1::float8)::text as slept;

-- name: read_writes
update clinic.tally set n = n returning n;
