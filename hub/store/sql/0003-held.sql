-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Messages to a peer that has no room for them, since the plugin that they are for is away there.
-- A message that says nothing has their place in the outbox, so that their lane goes on; they are
-- posted again, in the order of number, until they are taken.
create table karez.outbox_held (
  number   bigint generated always as identity primary key,
  peer     uuid not null,
  lane     smallint not null check (lane between 0 and 3),
  owner    text not null,     -- the topic up to its first point: the plugin's id
  id       uuid not null unique,
  topic    text not null,
  body     jsonb not null,
  sequence bigint,            -- in the outbox, once it is there again
  at       timestamptz not null default clock_timestamp()
);
create index outbox_held_by_owner on karez.outbox_held (peer, lane, owner, number);

insert into karez.table_rule values
  ('karez', 'outbox_held', 'bookkeeping', null, null, 'a message belongs to the act that posts it');
