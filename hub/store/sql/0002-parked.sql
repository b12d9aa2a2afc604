-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Messages of peers whose receiver, a plugin, is away: the peer was told that they arrived, and its
-- lane goes on. Delivered in the order of number when the plugin is back, each in one transaction
-- with its deletion here.
create table karez.inbox_parked (
  number   bigint generated always as identity primary key,
  peer     uuid not null,
  lane     smallint not null check (lane between 0 and 3),
  sequence bigint not null,
  id       uuid not null,
  topic    text not null,
  owner    text not null,     -- the topic up to its first point: the plugin's id
  body     jsonb not null,
  reason   text not null,
  at       timestamptz not null default clock_timestamp(),
  unique (peer, id)
);
create index inbox_parked_by_owner on karez.inbox_parked (peer, owner, lane, number);

create function karez.guard_parked (a_number bigint) returns void language plpgsql as $$
begin
  delete from karez.inbox_parked where number = a_number;
  if not found then
    raise exception 'parked message % was applied before', a_number using errcode = 'KZ003';
  end if;
end $$;

insert into karez.table_rule values
  ('karez', 'inbox_parked', 'bookkeeping', null, null, 'its event is message.park');
