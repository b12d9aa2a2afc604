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
