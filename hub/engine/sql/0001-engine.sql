-- SPDX-License-Identifier: LGPL-2.1-or-later

-- A session as this hub knows it: its own record at the host, a mirror at the partner.
-- The id is the booking's.
create table engine.session (
  id         uuid primary key,
  modality   text not null,
  title      text not null,
  host       uuid not null,             -- the hub whose worker moves the state
  partner    uuid not null,             -- the other hospital's hub, seen from here
  booking    jsonb not null,            -- as it was when the session was prepared
  state      text not null check (state in ('planned', 'preparing', 'ready', 'starting', 'live',
                                            'degraded', 'held', 'stopping', 'ended', 'failed')),
  sequence   bigint not null default 0, -- of the worker's state, one more at each edge
  generation integer not null default 0,-- of this side's worker, one more at each restart
  token      bytea,                     -- BLAKE2b-256 of what this side's worker proves itself with
  reason     text,
  started_at timestamptz,
  ended_at   timestamptz
);
create index session_not_over on engine.session (state) where state not in ('ended', 'failed');

create table engine.participant (
  id        uuid primary key,
  session   uuid not null references engine.session,
  actor     jsonb not null,
  role      text not null,
  hospital  uuid not null,
  joined_at timestamptz not null default clock_timestamp(),
  left_at   timestamptz
);
create index participant_by_session on engine.participant (session);

-- Plugins that blocked or crashed the hub, and those that an administrator put aside.
create table engine.plugin_state (
  id       text primary key,
  aside    boolean not null,
  reason   text not null,
  at       timestamptz not null default clock_timestamp()
);

insert into karez.table_rule values
  ('engine', 'participant', 'part', 'session', 'session', 'a participant is part of a session');
