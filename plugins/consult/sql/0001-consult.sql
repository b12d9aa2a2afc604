-- SPDX-License-Identifier: LGPL-2.1-or-later

-- RFC 3339 in UTC with milliseconds.
create function consult.rfc3339 (moment timestamptz) returns text language sql stable as $$
  select to_char (moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- What a booking asks, beside its title, reason and urgency. Kept at both hospitals under the
-- booking's id. Before there is a booking it is a draft of the hospital that asks.
create table consult.request (
  id           uuid primary key,
  hub          uuid not null,      -- the hospital that asks
  partner      uuid not null,      -- the hospital that is asked
  version      integer not null check (version > 0),
  history      text not null check (length (history) <= 8000),
  question     text not null check (length (question) between 1 and 4000),
  written_by   text not null,
  written_at   timestamptz not null,
  sent_version integer not null default 0, -- the newest that the other hospital was sent
  check (hub <> partner and sent_version <= version)
);
create index request_unsent on consult.request (written_at) where sent_version < version;

-- A file of a request: announced first, then its bytes in parts.
create table consult.attachment (
  id         uuid primary key,
  request    uuid not null references consult.request,
  name       text not null check (length (name) between 1 and 200),
  media_type text not null,
  size       integer not null check (size between 1 and 33554432),
  sha256     bytea check (length (sha256) = 32), -- known once it is whole where it was added
  state      text not null check (state in ('coming', 'whole', 'broken')),
  sent       boolean not null default false,
  added_by   text not null,
  added_at   timestamptz not null,
  check (state <> 'whole' or sha256 is not null)
);
create index attachment_by_request on consult.attachment (request, added_at, id);
create index attachment_unsent on consult.attachment (request) where not sent and state = 'whole';
create index attachment_coming on consult.attachment (added_at) where state = 'coming';

-- Its bytes, in parts of 512 KiB.
create table consult.attachment_part (
  attachment uuid not null references consult.attachment,
  part       integer not null check (part >= 0),
  bytes      bytea not null check (length (bytes) between 1 and 524288),
  primary key (attachment, part)
);
alter table consult.attachment_part alter column bytes set storage external;

-- What the patient, or who speaks for them, said to being seen and heard by the other hospital: each
-- word of it, never changed. Kept at both hospitals.
create table consult.consent (
  id       uuid primary key,
  session  uuid not null,
  state    text not null check (state in ('given', 'withdrawn')),
  basis    text check (basis in ('patient', 'guardian', 'emergency')),
  given_by text not null,
  given_at timestamptz not null,
  check ((state = 'given') = (basis is not null))
);
create index consent_by_session on consult.consent (session, given_at, id);

-- Who of this hospital was there as a consultant, and so may write the opinion.
create table consult.consultant (
  id         uuid primary key, -- the participant's
  session    uuid not null,
  person     text not null,
  entered_at timestamptz not null default clock_timestamp ()
);
create index consultant_by_session on consult.consultant (session, person);

-- Who was there, and for how long people could see and hear each other.
create table consult.summary (
  session uuid primary key,
  people  jsonb not null,
  seconds integer not null check (seconds >= 0),
  kept_at timestamptz not null default clock_timestamp()
);

-- An opinion while it is written: each consultant's own, kept as it is typed.
create table consult.opinion_draft (
  id             uuid primary key,
  session        uuid not null,
  author         text not null,
  revision       integer not null check (revision > 0),
  findings       text not null check (length (findings) <= 8000),
  impression     text not null check (length (impression) <= 8000),
  recommendation text not null check (length (recommendation) <= 8000),
  saved_at       timestamptz not null default clock_timestamp (),
  unique (session, author)
);

-- A signed opinion: never changed, amended only by the next version. Kept at both hospitals.
create table consult.opinion (
  id             uuid primary key,
  session        uuid not null,
  version        integer not null check (version > 0),
  hub            uuid not null, -- where it was signed
  findings       text not null,
  impression     text not null check (length (impression) between 1 and 8000),
  recommendation text not null,
  amendment      text check (length (amendment) between 1 and 1000),
  signer         text not null, -- the person's id there
  signed_by      text not null,
  signed_at      timestamptz not null,
  digest         text not null check (digest ~ '^[0-9a-f]{64}$'),
  check ((version > 1) = (amendment is not null)),
  unique (session, version)
);

create function consult.opinion_is_final () returns trigger language plpgsql as $$
begin
  raise exception 'a signed opinion cannot be changed or deleted';
end $$;
create trigger opinion_is_final before update or delete on consult.opinion
  for each row execute function consult.opinion_is_final ();

-- Who at the hospital that asked has read a version: kept at both.
create table consult.reading (
  id      uuid primary key,
  opinion uuid not null references consult.opinion,
  hub     uuid not null,
  reader  text not null,
  read_by text not null,
  read_at timestamptz not null,
  unique (opinion, hub, reader)
);

insert into karez.table_rule values
  ('consult', 'attachment_part', 'part', 'attachment', 'attachment', 'bytes are part of their file'),
  ('consult', 'reading', 'part', 'opinion', 'opinion', 'a reading is of an opinion');
