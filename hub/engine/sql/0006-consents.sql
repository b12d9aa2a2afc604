-- SPDX-License-Identifier: LGPL-2.1-or-later

-- What the patient, or who speaks for them, said to what a session lets through: each word of it,
-- never changed. Kept at both hospitals under the same id.
create table engine.consent (
  id       uuid primary key,
  session  uuid not null references engine.session,
  state    text not null check (state in ('given', 'withdrawn')),
  basis    text check (basis in ('patient', 'guardian', 'emergency')),
  given_by text not null,              -- who put it on record
  given_at timestamptz not null,
  kept_at  timestamptz not null default clock_timestamp (),
  check ((state = 'given') = (basis is not null))
);
create index consent_by_session on engine.consent (session, kept_at, id);

create function engine.consent_is_final () returns trigger language plpgsql as $$
begin
  raise exception 'a word of consent cannot be changed or deleted';
end $$;
create trigger consent_is_final before update or delete on engine.consent
  for each row execute function engine.consent_is_final ();
