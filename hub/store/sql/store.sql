-- SPDX-License-Identifier: LGPL-2.1-or-later
-- What the store itself says to the database.

-- name: guard_request
select karez.guard_request ($1::uuid, $2::text, $3::text);

-- name: guard_message
select karez.guard_message ($1::uuid, $2::smallint, $3::bigint);

-- name: guard_parked
select karez.guard_parked ($1::bigint);

-- name: guard_record
select karez.guard_record ($1::uuid, $2::uuid, $3::bigint);

-- name: role_set
select set_config ('role', $1::text, true);

-- name: event_put
insert into karez.event (id, actor_kind, actor_id, actor_name, actor_roles, actor_hub, address,
                         action, outcome, subject_schema, subject_table, subject_row, session,
                         patient, request, details)
values ($1::uuid, $2, $3, $4, $5::text[], $6::uuid, $7, $8, $9::smallint, $10, $11, $12, $13::uuid,
        $14::uuid, $15::uuid, $16::jsonb)
on conflict (id) do nothing;

-- name: outbox_put
with head as (
  insert into karez.outbox_head (peer, lane, last) values ($1::uuid, $2::smallint, 1)
  on conflict (peer, lane) do update set last = outbox_head.last + 1
  returning peer, lane, last)
insert into karez.outbox (peer, lane, sequence, id, topic, body)
select peer, lane, last, $3::uuid, $4, $5::jsonb from head;

-- name: event_horizon
-- Every transaction of this database below "below" has ended. Only backends of this database can
-- write events, and whoever has a number in the snapshot still shows it in pg_stat_activity, which
-- is read later, or has ended before event_after takes a snapshot of its own. A role whose
-- backends are hidden from us may write, too: then the oldest transaction of the cluster counts.
select coalesce (
         (select running.xid from pg_snapshot_xip (now.snapshot) as running (xid)
          where running.xid::xid in (
                  select backend_xid from pg_stat_activity where datname = current_database ()
                  union all
                  select transaction from pg_prepared_xacts where database = current_database ())
             or exists (
                  select from pg_stat_activity
                  where datname = current_database () and not pg_has_role (usesysid, 'usage'))
          order by running.xid limit 1),
         pg_snapshot_xmax (now.snapshot))::text as below,
       pg_snapshot_xmax (now.snapshot)::text as above
from pg_current_snapshot () as now (snapshot);

-- name: event_after
select e.xid::text || '.' || e.id::text as cursor,
       json_build_object (
         'id', e.id,
         'at', to_char (e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         'actor', json_build_object ('kind', e.actor_kind, 'id', e.actor_id, 'name', e.actor_name,
                                     'roles', e.actor_roles, 'hub', e.actor_hub),
         'address', e.address, 'action', e.action, 'outcome', e.outcome,
         'schema', e.subject_schema, 'table', e.subject_table, 'row', e.subject_row,
         'session', e.session, 'patient', e.patient, 'details', e.details) as event
from karez.event e
where (e.xid, e.id) > ($1::xid8, $2::uuid)
  and e.xid < $4::xid8
order by e.xid, e.id
limit $3::integer;

-- name: hub_put
with put as (
  insert into karez.hub (id, names, incarnation) values ($1::uuid, $2::jsonb, 1)
  on conflict (only_one)
  do update set names = excluded.names, incarnation = hub.incarnation + 1 where hub.id = excluded.id
  returning incarnation)
select incarnation, pg_notify ('karez_incarnation', incarnation::text) from put;

-- name: hub_incarnation
select incarnation from karez.hub;

-- name: database_state
select current_setting ('server_version') as version,
       pg_database_size (current_database ()) as size_bytes,
       (select count(*) from pg_stat_activity where datname = current_database ()) as connections;
