-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Not over, or over with a worker that may still have records.
-- name: sessions_open
select id, modality, title, host, partner, booking, state, sequence, generation,
       encode(token, 'hex') as token, reason, started_at, ended_at
from engine.session where state not in ('ended', 'failed') or token is not null order by id;

-- name: session_by_id
select id, modality, title, host, partner, booking, state, sequence, generation,
       encode(token, 'hex') as token, reason, started_at, ended_at
from engine.session where id = $1::uuid;

-- name: sessions_between
select id, modality, title, host, partner, booking, state, sequence, generation,
       null::text as token, reason, started_at, ended_at
from engine.session
where (booking ->> 'starts_at')::timestamptz < $2::timestamptz
  and (booking ->> 'ends_at')::timestamptz > $1::timestamptz
order by (booking ->> 'starts_at')::timestamptz, id
limit 501;

-- Confirmed bookings that have no session yet: the hub ended between the two.
-- name: bookings_without_session
select b.id
from agenda.booking b
where b.state = 'confirmed' and b.ends_at > now() - interval '1 day'
  and not exists (select from engine.session s where s.id = b.id)
order by b.starts_at
limit 500;

-- name: session_plan
insert into engine.session (id, modality, title, host, partner, booking, state)
values ($1::uuid, $2, $3, $4::uuid, $5::uuid, $6::jsonb, 'planned')
on conflict (id) do nothing
returning id;

-- name: session_prepare
update engine.session
set booking = $2::jsonb, state = 'preparing', sequence = $3::bigint, generation = $4::integer,
    token = decode($5, 'hex'), reason = null
where id = $1::uuid and state = 'planned'
returning id;

-- name: session_worker
update engine.session set generation = $2::integer, token = decode($3, 'hex')
where id = $1::uuid and generation < $2::integer
returning id;

-- Its last worker has nothing left to tell.
-- name: session_close
update engine.session set token = null where id = $1::uuid and state in ('ended', 'failed');

-- name: session_state
update engine.session
set state = $2, sequence = $3::bigint, reason = $4,
    started_at = case when $2 = 'live' then coalesce(started_at, clock_timestamp())
                      else started_at end,
    ended_at = case when $2 in ('ended', 'failed') then clock_timestamp() else ended_at end
where id = $1::uuid and sequence < $3::bigint and state not in ('ended', 'failed')
returning id;

-- A row while the hospital $2 has come into the session less than $3 times, and its $4 less than $5.
-- name: participant_room
select 1 as room
from (select count (*) as all_of, count (*) filter (where p.actor ->> 'id' = $4) as own
      from engine.participant p where p.session = $1::uuid and p.hospital = $2::uuid) n
where n.all_of < $3::bigint and n.own < $5::bigint;

-- name: participant_add
insert into engine.participant (id, session, actor, role, hospital)
values ($1::uuid, $2::uuid, $3::jsonb, $4, $5::uuid)
on conflict (id) do nothing
returning id;

-- name: participant_leave
update engine.participant set left_at = clock_timestamp()
where id = $1::uuid and session = $2::uuid and left_at is null;

-- Told by the partner $2: somebody of its own, in a session that it shares. The same again changes
-- nothing; no row for somebody else's participant, another session's, or one too many ($6).
-- name: participant_add_told
insert into engine.participant (id, session, actor, role, hospital)
select $1::uuid, s.id, $4::jsonb, $5, $2::uuid
from engine.session s
where s.id = $3::uuid and s.partner = $2::uuid
  and (select count (*) < $6::bigint and count (*) filter (where p.left_at is null) < $7::bigint
       from engine.participant p
       where p.session = s.id and p.hospital = $2::uuid and p.id <> $1::uuid)
on conflict (id) do update set role = participant.role
where participant.session = excluded.session and participant.hospital = excluded.hospital
returning id;

-- name: participant_leave_told
update engine.participant p set left_at = coalesce(p.left_at, clock_timestamp())
from engine.session s
where p.id = $1::uuid and p.hospital = $2::uuid and p.session = $3::uuid
  and s.id = p.session and s.partner = $2::uuid
returning p.id;

-- Whether the session, or the booking that it would be of, is shared with the hub $2.
-- name: session_shared
select 1 as shared
where exists (select from engine.session s where s.id = $1::uuid and s.partner = $2::uuid)
   or exists (select from agenda.booking b
              where b.id = $1::uuid and $2::uuid in (b.requester, b.provider));

-- name: participants_leave
update engine.participant set left_at = clock_timestamp()
where session = $1::uuid and left_at is null;

-- name: participants_of
select id, actor, role, hospital, agenda.rfc3339 (joined_at) as joined_at,
  agenda.rfc3339 (left_at) as left_at
from engine.participant where session = $1::uuid order by engine.participant.joined_at, id;

-- Those that are not gone, of the sessions that are not over.
-- name: participants_present
select p.id, p.session, p.actor, p.role, p.hospital
from engine.participant p join engine.session s on s.id = p.session
where p.left_at is null and s.state not in ('ended', 'failed')
order by p.joined_at;

-- The session $1, and the word of consent $2 where it is kept: a worker that came back may tell it
-- again.
-- name: consent_known
select s.booking ->> 'patient' as patient, c.session, c.state
from engine.session s left join engine.consent c on c.id = $2::uuid
where s.id = $1::uuid;

-- name: consent_keep
insert into engine.consent (id, session, state, basis, given_by, given_at)
values ($1::uuid, $2::uuid, $3, $4, $5, $6::timestamptz)
on conflict (id) do nothing;

-- In the order in which they were said.
-- name: consents_of
select s.booking ->> 'patient' as patient, coalesce((
  select json_agg(json_build_object('id', c.id, 'state', c.state, 'basis', c.basis,
                                    'by', c.given_by, 'at', agenda.rfc3339 (c.given_at))
                  order by c.kept_at, c.id)
  from engine.consent c where c.session = s.id), '[]'::json) as items
from engine.session s where s.id = $1::uuid;

-- name: invitation_list
select engine.is_open($1::uuid) as open, coalesce((
  select json_agg(json_build_object('person', p.id, 'names', p.names, 'booked', g.booked)
                  order by p.names ->> 'en', p.id)
  from (select person, bool_or(booked) as booked
        from (select b.person, true as booked from engine.booked($1::uuid) as b (person)
              union all
              select i.person, false from engine.invitation i where i.session = $1::uuid) as every
        group by person) as g
    join karez.person p on p.id = g.person), '[]'::json) as items
from engine.session s where s.id = $1::uuid;

-- Who of this hospital is not named or invited yet and has an account: $2 are the roles of the
-- session, each with the roles of accounts that may take it.
-- name: invitation_candidates
with other as (
  select p.id, p.names, p.title,
    (select json_agg(t.role order by t.place)
     from json_each($2::json) with ordinality as t (role, takers, place)
     where engine.account_roles(p.id) && array(select json_array_elements_text(t.takers))) as roles
  from karez.person p
  where p.active and engine.account_roles(p.id) <> '{}'
    and not exists (select from engine.booked($1::uuid) as b (person) where b.person = p.id)
    and not exists (select from engine.invitation i where i.session = $1::uuid and i.person = p.id)
)
select (select count(*) from other o where o.roles is null) as others, coalesce((
  select json_agg(json_build_object('person', c.id, 'names', c.names, 'title', c.title,
                                    'roles', c.roles) order by c.names ->> 'en', c.id)
  from (select * from other o where o.roles is not null order by o.names ->> 'en', o.id
        limit 2000) as c), '[]'::json) as items;

-- name: invitation_admits
select 1 as admitted where engine.admits($1::uuid, $2::uuid);

-- name: invitation_add
insert into engine.invitation (session, person)
select s.id, p.id from engine.session s, karez.person p
where s.id = $1::uuid and s.state not in ('ended', 'failed') and p.id = $2::uuid and p.active
on conflict (session, person) do update set person = excluded.person
returning person;

-- name: invitation_taker
select 1 as taker where engine.account_roles($1::uuid) && $2::text[];

-- name: invitation_remove
delete from engine.invitation where session = $1::uuid and person = $2::uuid
returning person;

-- name: request_done
select id from karez.request where id = $1::uuid;

-- name: plugin_states
select id, reason from engine.plugin_state where disabled;

-- name: plugin_disable
insert into engine.plugin_state (id, disabled, reason) values ($1, true, $2)
on conflict (id) do update set disabled = true, reason = excluded.reason, at = clock_timestamp();

-- name: plugin_enable
update engine.plugin_state set disabled = false, at = clock_timestamp() where id = $1 and disabled;
