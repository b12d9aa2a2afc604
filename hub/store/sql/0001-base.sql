-- SPDX-License-Identifier: LGPL-2.1-or-later
-- What every act needs: its event, its messages, its retry guard. And who is where.

-- How a table stands to the audit log. A table without a line here is a business table: each row
-- that a transaction touches needs an event of that transaction naming schema, table and key.
-- 'part': the event of the row it belongs to covers it. 'bookkeeping': no act of anybody.
create table karez.table_rule (
  table_schema text not null,
  table_name   text not null,
  rule         text not null check (rule in ('part', 'bookkeeping')),
  owner_table  text,           -- part: the table whose event covers it
  owner_column text,           -- part: the column that holds the owner's key
  why          text not null,
  primary key (table_schema, table_name),
  check ((rule = 'part') = (owner_table is not null and owner_column is not null))
);

-- One line: this hub.
create table karez.hub (
  only_one    boolean primary key default true check (only_one),
  id          uuid not null,
  names       jsonb not null,          -- {"en": …, "zh_CN": …, "ug": …}
  incarnation bigint not null default 0 -- one more at each start of karezd
);

-- The audit log's rows. Never updated, never deleted. Readers follow it by (xid, id) below the
-- oldest transaction that still runs (event_horizon), because ids commit out of order.
create table karez.event (
  id             uuid primary key,
  xid            xid8 not null default pg_current_xact_id(),
  at             timestamptz not null default clock_timestamp(),
  actor_kind     text not null check (actor_kind in ('person', 'hub', 'peer', 'local')),
  actor_id       text not null,
  actor_name     text not null,
  actor_roles    text[] not null default '{}',
  actor_hub      uuid,
  address        text,
  action         text not null check (action ~ '^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$'),
  outcome        smallint not null default 0 check (outcome in (0, 4, 8)), -- FHIR AuditEvent.outcome
  subject_schema text,
  subject_table  text,
  subject_row    text,
  session        uuid,
  patient        uuid,
  request        uuid,
  details        jsonb not null default '{}'
);
create index event_by_commit on karez.event (xid, id);
create index event_by_time on karez.event (at desc, id desc);
create index event_by_subject on karez.event (subject_schema, subject_table, subject_row, xid);
create index event_by_session on karez.event (session, at) where session is not null;
create index event_by_actor on karez.event (actor_id, at desc);

create function karez.event_is_final () returns trigger language plpgsql as $$
begin
  raise exception 'an event of the audit log cannot be changed or deleted'
    using errcode = 'KZ002';
end $$;
create trigger event_is_final before update or delete or truncate on karez.event
  for each statement execute function karez.event_is_final ();

-- The last word on "no act without its record". The migration runner attaches it to every business
-- table and every part, of the hub and of plugins, deferred to the commit. A plan made while the
-- log was short must not read the whole of it once it is long.
create function karez.demand_event () returns trigger language plpgsql
  security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
  place text := tg_table_schema; -- as text: the index has no use for a name
  subject text := tg_argv[0];    -- the table an event must name
  key_column text := tg_argv[1];
  touched jsonb := case when tg_op = 'DELETE' then to_jsonb (old) else to_jsonb (new) end;
  key text := touched ->> key_column;
begin
  if not exists (select from karez.event e
                 where e.subject_schema = place and e.subject_table = subject
                   and e.subject_row = key and e.xid = pg_current_xact_id ()) then
    raise exception 'row % of %.% has no event in this transaction', key, place, subject
      using errcode = 'KZ001', schema = tg_table_schema, table = tg_table_name;
  end if;
  return null;
end $$;

-- A truncation passes by what looks at rows, so it is refused where rows are looked at.
create function karez.refuse_truncate () returns trigger language plpgsql as $$
begin
  raise exception '%.% cannot be truncated', tg_table_schema, tg_table_name using errcode = 'KZ006';
end $$;

-- Messages to peers, kept until they are acknowledged. The head's row lock makes the order of a
-- lane the order of commits, without a gap.
create table karez.outbox_head (
  peer     uuid not null,
  lane     smallint not null check (lane between 0 and 3),
  last     bigint not null,
  primary key (peer, lane)
);
create table karez.outbox (
  peer       uuid not null,
  lane       smallint not null check (lane between 0 and 3),
  sequence   bigint not null,
  id         uuid not null unique,
  topic      text not null,
  body       jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (peer, lane, sequence)
);

-- How far each peer's lanes have been applied here, and what could not be.
create table karez.inbox (
  peer    uuid not null,
  lane    smallint not null check (lane between 0 and 3),
  applied bigint not null,
  primary key (peer, lane)
);
create table karez.inbox_aside (
  peer     uuid not null,
  lane     smallint not null,
  sequence bigint not null,
  topic    text not null,
  body     jsonb not null,
  reason   text not null,
  at       timestamptz not null default clock_timestamp(),
  primary key (peer, lane, sequence)
);

-- Writing requests that were done, so that a retry does nothing.
create table karez.request (
  id     uuid primary key,
  digest text not null,
  actor  text not null,
  at     timestamptz not null default clock_timestamp()
);
create index request_by_time on karez.request (at);

-- What live halves wanted kept and is kept.
create table karez.recorded (
  session  uuid not null,
  origin   uuid not null,
  sequence bigint not null,
  primary key (session, origin, sequence)
);

-- The guards of a transaction: an act that was done before ends it with KZ003, so that what came
-- with it in one pipeline is not done again.
create function karez.guard_request (a_id uuid, a_digest text, a_actor text) returns void
  language plpgsql as $$
declare
  known karez.request;
begin
  insert into karez.request (id, digest, actor) values (a_id, a_digest, a_actor)
    on conflict (id) do nothing;
  if found then
    return;
  end if;
  select * into known from karez.request where id = a_id;
  if known.digest = a_digest and known.actor = a_actor then
    raise exception 'request % was done before', a_id using errcode = 'KZ003';
  end if;
  raise exception 'request % was another act', a_id using errcode = 'KZ004';
end $$;

create function karez.guard_message (a_peer uuid, a_lane smallint, a_sequence bigint) returns void
  language plpgsql as $$
declare
  known bigint;
begin
  insert into karez.inbox (peer, lane, applied) values (a_peer, a_lane, 0)
    on conflict (peer, lane) do nothing;
  update karez.inbox set applied = a_sequence
    where peer = a_peer and lane = a_lane and applied = a_sequence - 1;
  if found then
    return;
  end if;
  select applied into known from karez.inbox where peer = a_peer and lane = a_lane;
  if known >= a_sequence then
    raise exception 'message % of lane % was applied before', a_sequence, a_lane
      using errcode = 'KZ003';
  end if;
  raise exception 'message % of lane % comes after %', a_sequence, a_lane, known
    using errcode = 'KZ005';
end $$;

create function karez.guard_record (a_session uuid, a_origin uuid, a_sequence bigint) returns void
  language plpgsql as $$
begin
  insert into karez.recorded (session, origin, sequence) values (a_session, a_origin, a_sequence)
    on conflict do nothing;
  if not found then
    raise exception 'record % of session % was kept before', a_sequence, a_session
      using errcode = 'KZ003';
  end if;
end $$;

-- Hospitals and what stands above and below them: region, county, township, village.
create table karez.organisation (
  id     uuid primary key,
  parent uuid references karez.organisation,
  level  text not null check (level in ('region', 'county', 'township', 'village')),
  names  jsonb not null check (jsonb_typeof (names) = 'object' and names ? 'en'),
  hub    uuid  -- the hub that runs there
);

create table karez.person (
  id           uuid primary key,
  organisation uuid not null references karez.organisation,
  names        jsonb not null check (jsonb_typeof (names) = 'object' and names ? 'en'),
  title        jsonb not null default '{}',
  active       boolean not null default true
);

create table karez.patient (
  id           uuid primary key,
  organisation uuid not null references karez.organisation,
  names        jsonb not null check (jsonb_typeof (names) = 'object' and names ? 'en'),
  birth_date   date,
  gender       text check (gender in ('male', 'female', 'other', 'unknown')) -- FHIR administrative-gender
);

insert into karez.table_rule values
  ('karez', 'table_rule', 'bookkeeping', null, null, 'rules about tables, made by migrations'),
  ('karez', 'migration', 'bookkeeping', null, null, 'made by the migration runner'),
  ('karez', 'event', 'bookkeeping', null, null, 'is the record'),
  ('karez', 'outbox_head', 'bookkeeping', null, null, 'order of messages'),
  ('karez', 'outbox', 'bookkeeping', null, null, 'a message belongs to the act that posts it'),
  ('karez', 'inbox', 'bookkeeping', null, null, 'a checkpoint belongs to the act that applies it'),
  ('karez', 'inbox_aside', 'bookkeeping', null, null, 'its event is message.aside'),
  ('karez', 'request', 'bookkeeping', null, null, 'a guard belongs to the act it guards'),
  ('karez', 'recorded', 'bookkeeping', null, null, 'a guard belongs to the act it guards'),
  ('karez', 'hub', 'bookkeeping', null, null, 'counts starts');
