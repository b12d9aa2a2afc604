-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Paired hubs. The key is pinned: SHA-256 of the SubjectPublicKeyInfo in hexadecimal.
create table peers.peer (
  id          uuid primary key,
  names       jsonb not null,
  key         text not null unique check (key ~ '^[0-9a-f]{64}$'),
  address     text,                     -- host:port, where it can be dialled; NULL if it dials us
  state       text not null check (state in ('paired', 'revoked')),
  restored_at timestamptz,              -- a database went back in time; nothing is delivered
  paired_at   timestamptz not null default clock_timestamp(),
  paired_by   text not null,
  revoked_at  timestamptz,
  revoked_by  text
);

-- What a peer said of itself last; tells a restored hub from one that went on.
create table peers.greeting (
  peer        uuid primary key references peers.peer,
  incarnation bigint not null,
  outbox      jsonb not null,           -- highest sequence of each lane it has ever posted to us
  at          timestamptz not null default clock_timestamp()
);

insert into karez.table_rule values
  ('peers', 'greeting', 'bookkeeping', null, null, 'a measurement, not an act');
