-- SPDX-License-Identifier: LGPL-2.1-or-later

create extension if not exists btree_gist with schema public;

-- What can be booked. Each belongs to one hospital, which alone decides on it; the partner's are
-- mirrored here to be shown and asked for.
create table agenda.resource (
  id           uuid primary key,
  hub          uuid not null,
  organisation uuid,
  kind         text not null check (kind in ('person', 'room', 'robot', 'console', 'glasses', 'team')),
  names        jsonb not null check (jsonb_typeof (names) = 'object' and names ? 'en'),
  detail       jsonb not null default '{}',  -- {"en": "robot cart, team B", …}
  person       uuid,
  active       boolean not null default true,
  -- Counted by the owner at each change, so that an older copy never replaces a newer one.
  version      bigint not null default 1
);
create index resource_by_hub on agenda.resource (hub, kind);

-- One booking is one session of two hospitals; both hubs hold it under the same id.
create table agenda.booking (
  id           uuid primary key,
  modality     text not null,
  title        text not null check (length (title) between 1 and 200),
  reason       text not null default '' check (length (reason) <= 4000),
  urgency      text not null check (urgency in ('T0', 'T1', 'T2', 'T3')),
  requester    uuid not null,  -- the hub that asks
  provider     uuid not null,  -- the hub that is asked
  host         uuid not null,  -- the hub whose worker moves the session's state
  patient      uuid,
  starts_at    timestamptz not null,
  ends_at      timestamptz not null,
  state        text not null check (state in
                 ('requested', 'withdrawing', 'confirmed', 'declined', 'cancelled', 'completed')),
  requested_by text not null,
  requested_at timestamptz not null default clock_timestamp(),
  answered_by  text,
  answered_at  timestamptz,
  answer       text check (length (answer) <= 4000),
  check (ends_at > starts_at and ends_at <= starts_at + interval '24 hours'),
  check (requester <> provider and host in (requester, provider))
);
create index booking_by_time on agenda.booking (starts_at, ends_at);

-- A booking's hold on one resource. The database has the last word on overlaps.
create table agenda.claim (
  id       uuid primary key,
  booking  uuid not null references agenda.booking,
  resource uuid not null references agenda.resource,
  period   tstzrange not null,
  state    text not null check (state in ('held', 'confirmed', 'released')),
  check (not isempty (period) and lower_inc (period) and not upper_inc (period)),
  constraint claim_overlap exclude using gist
    (resource with =, period with &&, booking with <>) where (state in ('held', 'confirmed'))
);
create index claim_by_booking on agenda.claim (booking);

-- The rest of a booking: what the other hospital brings, as it told us or as we asked, and what
-- was asked of us and is not free. Says what is known here; claims alone decide.
create table agenda.wish (
  booking  uuid not null references agenda.booking,
  resource uuid not null,  -- the other's may come before its mirror does
  hub      uuid not null,
  state    text not null check (state in ('asked', 'held', 'confirmed', 'released', 'busy')),
  primary key (booking, resource)
);

-- RFC 3339 in UTC with milliseconds.
create function agenda.rfc3339 (moment timestamptz) returns text language sql stable as $$
  select to_char (moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- The engine keeps sessions, and it may be absent: an agenda alone shows bookings without them.
create function agenda.sessions (bookings uuid[])
  returns table (id uuid, body json) language plpgsql stable as $$
begin
  if to_regclass ('engine.session') is null then
    return;
  end if;
  return query execute
    'select s.id, json_build_object (''state'', s.state, ''host'', s.host,
              ''started_at'', agenda.rfc3339 (s.started_at),
              ''ended_at'', agenda.rfc3339 (s.ended_at))
     from engine.session s where s.id = any ($1)' using bookings;
end $$;

-- "Booking" of the API.
create function agenda.bookings (wanted uuid[])
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
    'claims', coalesce (p.claims, '[]'::json), 'session', s.body)
  from agenda.booking b
    left join parts p on p.booking = b.id
    left join agenda.sessions (wanted) s on s.id = b.id
  where b.id = any (wanted)
$$;

insert into karez.table_rule values
  ('agenda', 'wish', 'part', 'booking', 'booking', 'a wish is part of its booking'),
  ('agenda', 'claim', 'part', 'booking', 'booking', 'a claim is part of its booking');
