-- SPDX-License-Identifier: LGPL-2.1-or-later

-- The other hospital, when it was the one that called a booking off: people here have to be told.
alter table agenda.booking add column called_off_by uuid, add column called_off_at timestamptz;
create index booking_called_off on agenda.booking (called_off_at) where state = 'cancelled';

-- "Booking" of the API.
create or replace function agenda.bookings (wanted uuid[])
  returns table (id uuid, starts_at timestamptz, body json) language sql stable as $$
  with part as (
    select c.booking, c.resource, r.hub, c.state from agenda.claim c
      join agenda.resource r on r.id = c.resource where c.booking = any (wanted)
    union all
    select w.booking, w.resource, w.hub, w.state from agenda.wish w where w.booking = any (wanted)
  ), parts as (
    select p.booking, json_agg (json_build_object (
             'resource', p.resource, 'hub', p.hub, 'state', p.state) order by p.hub, p.resource)
             as claims
    from part p group by p.booking
  )
  select b.id, b.starts_at, json_build_object (
    'id', b.id, 'modality', b.modality, 'title', b.title, 'reason', b.reason,
    'urgency', b.urgency, 'requester', b.requester, 'provider', b.provider, 'host', b.host,
    'patient', b.patient, 'starts_at', agenda.rfc3339 (b.starts_at),
    'ends_at', agenda.rfc3339 (b.ends_at), 'state', b.state, 'requested_by', b.requested_by,
    'requested_at', agenda.rfc3339 (b.requested_at), 'answered_by', b.answered_by,
    'answered_at', agenda.rfc3339 (b.answered_at), 'answer', b.answer,
    'called_off_by', b.called_off_by, 'called_off_at', agenda.rfc3339 (b.called_off_at),
    'claims', coalesce (p.claims, '[]'::json), 'session', s.body)
  from agenda.booking b
    left join parts p on p.booking = b.id
    left join agenda.sessions (wanted) s on s.id = b.id
  where b.id = any (wanted)
$$;
