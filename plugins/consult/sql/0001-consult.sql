-- SPDX-License-Identifier: LGPL-2.1-or-later

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

-- Who was there, and for how long people could see and hear each other.
create table consult.summary (
  session uuid primary key,
  people  jsonb not null,
  seconds integer not null check (seconds >= 0),
  kept_at timestamptz not null default clock_timestamp()
);
