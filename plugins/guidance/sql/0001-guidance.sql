-- SPDX-License-Identifier: LGPL-2.1-or-later

-- RFC 3339 in UTC with milliseconds.
create function guidance.rfc3339 (moment timestamptz) returns text language sql stable as $$
  select to_char (moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- Who of this hospital was in a session, and as what: who sends its pictures, and signs its report.
create table guidance.participant (
  id         uuid primary key,
  session    uuid not null,
  person     text not null,
  role       text not null check (role in ('site', 'expert', 'observer')),
  entered_at timestamptz not null default clock_timestamp ()
);
create index participant_by_session on guidance.participant (session, person);

-- What was in a session: who was there, for how long the scene was shown, marks, checklists. As this
-- hospital's worker saw it.
create table guidance.summary (
  session    uuid primary key,
  people     jsonb not null,
  seconds    integer not null check (seconds >= 0),
  marks      jsonb not null,
  more_marks integer not null check (more_marks >= 0), -- beyond those that are kept
  checklists jsonb not null,
  kept_at    timestamptz not null default clock_timestamp ()
);

-- Pictures of a session: stills of the site, snapshots of experts, pages of documents that experts
-- showed at the site. Kept at both hospitals: announced by the one where it was sent, whose bytes the
-- other one fetches.
create table guidance.picture (
  id          uuid primary key,
  session     uuid not null,
  hub         uuid not null, -- where it was sent
  partner     uuid not null,
  kind        text not null check (kind in ('still', 'snapshot', 'document')),
  media_type  text not null check (media_type in ('image/jpeg', 'image/png')),
  size        integer not null check (size between 1 and 12582912),
  width       integer check (width > 0),
  height      integer check (height > 0),
  sha256      bytea check (length (sha256) = 32), -- known once it is whole where it was sent
  state       text not null check (state in ('coming', 'whole', 'broken', 'abandoned')),
  sent        boolean not null default false,
  caption     text not null check (length (caption) <= 300),
  marks       jsonb not null,   -- those that it shows, as they were drawn
  drawn_in    boolean not null, -- whether they are part of the picture
  taken_at    timestamptz not null,
  added_by    text not null,
  added_at    timestamptz not null,
  known_at    timestamptz not null default clock_timestamp (), -- fetched in this order
  progress_at timestamptz not null default clock_timestamp (),
  check (hub <> partner),
  check (state <> 'whole' or sha256 is not null)
);
create index picture_by_session on guidance.picture (session, taken_at, id);
create index picture_unsent on guidance.picture (hub) where not sent and state = 'whole';
create index picture_coming on guidance.picture (known_at) where state = 'coming';

-- Its bytes, in parts of 512 KiB.
create table guidance.picture_part (
  picture uuid not null references guidance.picture,
  part    integer not null check (part >= 0),
  bytes   bytea not null check (length (bytes) between 1 and 524288),
  primary key (picture, part)
);
alter table guidance.picture_part alter column bytes set storage external;

-- A report while it is written: each author's own, kept as it is typed.
create table guidance.report_draft (
  id             uuid primary key,
  session        uuid not null,
  author         text not null,
  revision       integer not null check (revision > 0),
  course         text not null check (length (course) <= 8000),
  recommendation text not null check (length (recommendation) <= 8000),
  pictures       text[] not null check (cardinality (pictures) <= 60), -- that go with it
  saved_at       timestamptz not null default clock_timestamp (),
  unique (session, author)
);

-- A signed report: never changed, amended only by another version, which names it. Kept at both
-- hospitals, of which each signs versions of its own: two that were signed at once have the same
-- number.
create table guidance.report (
  id             uuid primary key,
  session        uuid not null,
  hub            uuid not null, -- where it was signed
  version        integer not null check (version > 0),
  amends         uuid,          -- the version that it was written over
  amendment      text check (length (amendment) between 1 and 1000),
  course         text not null check (length (course) between 1 and 8000),
  recommendation text not null,
  pictures       json not null, -- as they were signed, and so in these very characters
  summary        json not null,
  signer         text not null, -- the person's id there
  signed_by      text not null,
  signed_at      timestamptz not null,
  digest         text not null check (digest ~ '^[0-9a-f]{64}$'),
  check ((version > 1) = (amendment is not null) and (version > 1) = (amends is not null)),
  unique (session, hub, version)
);

create function guidance.report_is_final () returns trigger language plpgsql as $$
begin
  raise exception 'a signed report cannot be changed or deleted';
end $$;
create trigger report_is_final before update or delete on guidance.report
  for each row execute function guidance.report_is_final ();

insert into karez.table_rule values
  ('guidance', 'picture_part', 'part', 'picture', 'picture', 'bytes are part of their picture');
