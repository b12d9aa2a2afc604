-- SPDX-License-Identifier: LGPL-2.1-or-later

-- name: booking_by_id
select b.body from agenda.bookings (array[$1::uuid]) b

-- name: booking_insert
insert into agenda.booking (id, modality, title, reason, urgency, requester, provider, host,
  patient, starts_at, ends_at, state, requested_by)
values ($1::uuid, $2, $3, $4, $5, $6::uuid, $7::uuid, $8::uuid, $9::uuid, $10::timestamptz,
  $11::timestamptz, 'requested', $12)

-- A row while the hub $1 waits for fewer than $2 answers.
-- name: booking_room
select 1 as room where (select count (*) from agenda.booking b
  where b.requester = $1::uuid and b.state = 'requested' and b.ends_at > clock_timestamp ())
  < $2::bigint

-- A row while this hub $1 waits for fewer than $3 answers of the hub $2, and $4 there for fewer
-- than $5.
-- name: booking_room_own
select 1 as room from (
  select count (*) as all_of, count (*) filter (where b.requested_by = $4) as own
  from agenda.booking b
  where b.requester = $1::uuid and b.provider = $2::uuid and b.state = 'requested'
    and b.ends_at > clock_timestamp ()) w
where w.all_of < $3::bigint and w.own < $5::bigint

-- A move of the state is an edge: from one of $3 to $2 between these two, or nothing happens.
-- name: booking_move
update agenda.booking set state = $2, answered_by = coalesce ($4, answered_by),
  answered_at = case when $4 is null then answered_at else clock_timestamp () end,
  answer = coalesce ($5, answer)
where id = $1::uuid and state = any ($3::text[]) and requester = $6::uuid and provider = $7::uuid

-- name: booking_called_off
update agenda.booking set called_off_by = $2::uuid, called_off_at = clock_timestamp ()
where id = $1::uuid

-- The provider says yes; not to a time that is over.
-- name: booking_accept
update agenda.booking set state = 'confirmed', answered_by = $3, answered_at = clock_timestamp (),
  answer = $4
where id = $1::uuid and state = 'requested' and provider = $2::uuid
  and ends_at > clock_timestamp ()

-- $1 claims and $2 resources stand beside each other. All or none of an own, active resource.
-- name: claim_hold
insert into agenda.claim (id, booking, resource, period, state)
select w.claim, b.id, r.id, tstzrange (b.starts_at, b.ends_at), 'held'
from unnest ($1::uuid[], $2::uuid[]) w (claim, resource)
join agenda.resource r on r.id = w.resource and r.hub = $4::uuid and agenda.offered (r)
join agenda.booking b on b.id = $3::uuid

-- The same for what a partner asks for: what is not free is left out.
-- name: claim_hold_free
insert into agenda.claim (id, booking, resource, period, state)
select w.claim, b.id, r.id, tstzrange (b.starts_at, b.ends_at), 'held'
from unnest ($1::uuid[], $2::uuid[]) w (claim, resource)
join agenda.resource r on r.id = w.resource and r.hub = $4::uuid and agenda.offered (r)
join agenda.booking b on b.id = $3::uuid
on conflict do nothing

-- The answer's resources: what is held already is confirmed, what is not is claimed now.
-- name: claim_accept
insert into agenda.claim (id, booking, resource, period, state)
select w.claim, b.id, r.id, tstzrange (b.starts_at, b.ends_at), 'confirmed'
from unnest ($1::uuid[], $2::uuid[]) w (claim, resource)
join agenda.resource r on r.id = w.resource and r.hub = $4::uuid and agenda.offered (r)
join agenda.booking b on b.id = $3::uuid
where not exists (select from agenda.claim c where c.booking = b.id and c.resource = r.id
                  and c.state in ('held', 'confirmed'))

-- name: claim_confirm
update agenda.claim set state = 'confirmed'
where booking = $1::uuid and state = 'held' and resource = any ($2::uuid[])

-- name: claim_confirm_all
update agenda.claim set state = 'confirmed' where booking = $1::uuid and state = 'held'

-- name: claim_release_others
update agenda.claim set state = 'released'
where booking = $1::uuid and state in ('held', 'confirmed') and resource <> all ($2::uuid[])

-- name: claim_release
update agenda.claim set state = 'released'
where booking = $1::uuid and state in ('held', 'confirmed')

-- One row if and only if the booking has so many claims of this state.
-- name: claim_count
select count (*) from agenda.claim c where c.booking = $1::uuid and c.state = $2
having count (*) = $3::bigint

-- What is over frees its resources for the rest of their time.
-- name: claim_shorten
update agenda.claim set period = tstzrange (lower (period),
  greatest (lower (period) + interval '1 minute', least (upper (period), clock_timestamp ())))
where booking = $1::uuid and state = 'confirmed'
  and upper (period) > greatest (lower (period) + interval '1 minute', clock_timestamp ())

-- name: wish_insert
insert into agenda.wish (booking, resource, hub, state)
select $1::uuid, w, $3::uuid, $4 from unnest ($2::uuid[]) w
on conflict (booking, resource) do update set state = excluded.state
where wish.hub = excluded.hub

-- Own resources that were asked for and could not be held.
-- name: wish_busy
insert into agenda.wish (booking, resource, hub, state)
select $1::uuid, w, $3::uuid, 'busy' from unnest ($2::uuid[]) w
where not exists (select from agenda.claim c where c.booking = $1::uuid and c.resource = w
                  and c.state in ('held', 'confirmed'))

-- name: wish_move
update agenda.wish set state = $3 where booking = $1::uuid and hub = $2::uuid

-- name: wish_forget
delete from agenda.wish where booking = $1::uuid and hub = $2::uuid

-- name: wish_release
update agenda.wish set state = 'released' where booking = $1::uuid and state <> 'released'

-- Who has it, and when all of $1 are free next, within two weeks.
-- name: overlap_explain
with taken as (
  select r.names, c.period from agenda.claim c
  join agenda.resource r on r.id = c.resource
  where c.resource = any ($1::uuid[]) and c.booking <> $4::uuid
    and c.state in ('held', 'confirmed')
    and c.period && tstzrange ($2::timestamptz, $2::timestamptz + interval '15 days')
), busy as (
  select coalesce (range_agg (t.period), '{}'::tstzmultirange) as times from taken t
), free as (
  select m.moment from busy,
    lateral (select $2::timestamptz as moment
             union select upper (p) from unnest (busy.times) p) m
  where m.moment between $2::timestamptz and $2::timestamptz + interval '14 days'
    and not busy.times && tstzrange (m.moment,
              m.moment + ($3::timestamptz - $2::timestamptz))
  order by m.moment limit 1
)
select t.names, agenda.rfc3339 (lower (t.period)) as starts_at,
  agenda.rfc3339 (upper (t.period)) as ends_at,
  (select agenda.rfc3339 (f.moment) from free f) as free_from,
  (select agenda.rfc3339 (f.moment + ($3::timestamptz - $2::timestamptz)) from free f) as free_to
from taken t where t.period && tstzrange ($2::timestamptz, $3::timestamptz)
order by lower (t.period), t.names ->> 'en' limit 1

-- name: patient_known
select p.id from karez.patient p where p.id = $1::uuid

-- At most 2000, and whether there are more: what was called off is left out first. With $3 also what
-- waits for an answer (until a month after its time) and what was declined (until its time is over,
-- and for half a day) or called off by the other hospital (for half a day), whenever it is for.
-- Of what one hospital called off, the newest 200: it may ask and withdraw as often as it likes.
-- name: board_bookings
with open as (
  select k.id, k.starts_at, k.state in ('declined', 'cancelled') as off,
    k.called_off_by is not null
      and row_number () over (partition by k.called_off_by order by k.called_off_at desc, k.id) > 200
      as too_many
  from agenda.booking k
  where (k.starts_at < $2::timestamptz and k.ends_at > $1::timestamptz)
    or ($3::boolean and k.state in ('requested', 'withdrawing')
        and k.ends_at > clock_timestamp () - interval '31 days')
    or ($3::boolean and k.state = 'declined'
        and (k.ends_at > clock_timestamp ()
             or k.answered_at > clock_timestamp () - interval '12 hours'))
    or ($3::boolean and k.state = 'cancelled'
        and k.called_off_at > clock_timestamp () - interval '12 hours')
), found as (
  select o.id, row_number () over (order by o.off, o.starts_at, o.id) as n
  from (select p.id, p.starts_at, p.off from open p where not p.too_many
        order by p.off, p.starts_at, p.id limit 2001) o
)
select coalesce (json_agg (b.body order by b.starts_at, b.id), '[]'::json) as items,
  (select count (*) from found) > 2000 or exists (select from open p where p.too_many) as more
from agenda.bookings (array (select f.id from found f where f.n <= 2000)) b

-- name: hub_names
select h.id, h.names from karez.hub h

-- A row unless the request $1 of the hub $2 was refused here.
-- name: refusal_none
select 1 as none where not exists (select from agenda.refusal f
  where f.booking = $1::uuid and f.requester = $2::uuid)

-- A row the first time, while fewer than $4 of that hub were refused.
-- name: refusal_keep
insert into agenda.refusal (booking, requester, rule)
select $1::uuid, $2::uuid, $3
where (select count (*) from agenda.refusal f where f.requester = $2::uuid) < $4::bigint
on conflict do nothing

-- name: refusal_forget
delete from agenda.refusal f where f.requester = $1::uuid
  and f.at < clock_timestamp () - interval '400 days'

-- What this hub $1 and the hub $2 have between them, after $3, and is not long over.
-- name: booking_feed
select b.id, b.modality, b.title, b.urgency, b.requester, agenda.rfc3339 (b.starts_at) as starts_at,
  agenda.rfc3339 (b.ends_at) as ends_at, b.state
from agenda.booking b
where ((b.requester = $1::uuid and b.provider = $2::uuid)
       or (b.requester = $2::uuid and b.provider = $1::uuid))
  and b.ends_at > clock_timestamp () - interval '1 day' and b.id > $3::uuid
order by b.id limit $4::bigint

-- Where the two hubs' memories differ: $3 is what $2 has of that feed, up to $4 when it has more than
-- that. A withdrawal is still a request at the other one, and what is off at both needs nobody.
-- name: booking_differences
select coalesce (o.id, t.id) as id, coalesce (o.modality, t.modality) as modality,
  coalesce (o.title, t.title) as title, coalesce (o.urgency, t.urgency) as urgency,
  coalesce (o.requester, t.requester) as requester,
  agenda.rfc3339 (coalesce (o.starts_at, t.starts_at)) as starts_at,
  agenda.rfc3339 (coalesce (o.ends_at, t.ends_at)) as ends_at, o.state as here, t.state as there
from jsonb_to_recordset ($3::jsonb) as t (id uuid, modality text, title text, urgency text,
    requester uuid, starts_at timestamptz, ends_at timestamptz, state text)
  full join (
    select b.* from agenda.booking b
    where ((b.requester = $1::uuid and b.provider = $2::uuid)
           or (b.requester = $2::uuid and b.provider = $1::uuid))
      and ($4::uuid is null or b.id <= $4::uuid)
      and (b.ends_at > clock_timestamp ()
           or b.id in (select (i ->> 'id')::uuid from jsonb_array_elements ($3::jsonb) i))) o
  on o.id = t.id
where coalesce (nullif (o.state, 'withdrawing'), case when o.id is null then 'none' else 'requested' end)
        is distinct from
      coalesce (nullif (t.state, 'withdrawing'), case when t.id is null then 'none' else 'requested' end)
  and (o.state in ('requested', 'withdrawing', 'confirmed')
       or t.state in ('requested', 'withdrawing', 'confirmed'))
order by coalesce (o.starts_at, t.starts_at), id
