-- SPDX-License-Identifier: LGPL-2.1-or-later

-- name: peer_list
select id, names, key, address, state, restored_at is not null as restored
from peers.peer order by paired_at, id;

-- name: own_hub
select id, incarnation from karez.hub;

-- name: forget_rekeyed
delete from peers.peer where id = $1::uuid and state = 'revoked' and key <> $2::text
returning id;

-- Pairing again with a hub that is paired under the same key is allowed; under another one is not.
-- name: pair_peer
insert into peers.peer (id, names, key, address, state, paired_by)
values ($1::uuid, $2::jsonb, $3::text, $4::text, 'paired', $5::text)
on conflict (id) do update
  set names = excluded.names, address = excluded.address, state = 'paired', restored_at = null,
      paired_at = clock_timestamp(), paired_by = excluded.paired_by, revoked_at = null,
      revoked_by = null
  where peers.peer.key = excluded.key
returning id;

-- name: unpair_peer
update peers.peer set state = 'revoked', revoked_at = clock_timestamp(), revoked_by = $2::text
where id = $1::uuid and state = 'paired'
returning id;

-- name: move_peer
update peers.peer set address = $2::text
where id = $1::uuid and state = 'paired'
returning id;

-- name: forget_peer
delete from peers.peer where id = $1::uuid and state = 'revoked'
returning id;

-- name: mark_restored
update peers.peer set restored_at = clock_timestamp()
where id = $1::uuid and state = 'paired' and restored_at is null
returning id;

-- name: clear_restored
update peers.peer set restored_at = null
where id = $1::uuid and state = 'paired' and restored_at is not null
returning id;

-- name: greeting
select incarnation, outbox, restored from peers.greeting where peer = $1::uuid;

-- name: keep_greeting
insert into peers.greeting (peer, incarnation, outbox, restored)
values ($1::uuid, $2::bigint, $3::jsonb, $4::uuid)
on conflict (peer) do update
  set incarnation = excluded.incarnation, outbox = excluded.outbox, restored = excluded.restored,
      at = clock_timestamp();

-- name: forget_greeting
delete from peers.greeting where peer = $1::uuid;

-- How the lanes to and from a peer stand, of one snapshot.
-- name: lanes
select l.lane,
       coalesce(h.last, 0) as posted,
       coalesce((select min(o.sequence) - 1 from karez.outbox o
                 where o.peer = $1::uuid and o.lane = l.lane), h.last, 0) as acknowledged,
       coalesce(i.applied, 0) as applied,
       coalesce((select k.incarnation from karez.hub k), 0) as incarnation,
       (select k.restored from karez.hub k) as restored
from generate_series(0, 3) as l (lane)
left join karez.outbox_head h on h.peer = $1::uuid and h.lane = l.lane
left join karez.inbox i on i.peer = $1::uuid and i.lane = l.lane
order by l.lane;

-- name: outbox_waiting
select h.peer, h.lane from karez.outbox_head h
where exists (select from karez.outbox o where o.peer = h.peer and o.lane = h.lane);

-- Sequences have no gap, so the first and the last tell how many wait.
-- name: outbox_depths
select h.peer, h.lane, h.last - o.first + 1 as waiting
from karez.outbox_head h
cross join lateral (select min(o.sequence) as first from karez.outbox o
                    where o.peer = h.peer and o.lane = h.lane) o
where o.first is not null;

-- name: outbox_held
select peer, owner, count(*) as messages, min(at) as since
from karez.outbox_held group by peer, owner order by owner;

-- At most $3 messages of at most $4 bytes together, but always the first. One that waits has to
-- follow others of its plugin, which are held.
-- name: outbox_batch
select sequence, id, topic, body::text as body,
       exists (select from karez.outbox_held h
               where h.peer = $1::uuid and h.lane = $2::smallint
                 and h.owner = split_part(sized.topic, '.', 1)
                 and (h.sequence is null or h.sequence > sized.sequence))
       and not exists (select from karez.outbox_held h where h.id = sized.id) as waits
from (select f.*, row_number () over (order by f.sequence) as number,
             sum(octet_length(f.body::text)) over (order by f.sequence) as total
      from (select o.sequence, o.id, o.topic, o.body from karez.outbox o
            where o.peer = $1::uuid and o.lane = $2::smallint
            order by o.sequence limit $3::integer) f) sized
where number = 1 or total <= $4::bigint
order by sequence;

-- A peer that acknowledges what was never posted deletes nothing.
-- name: outbox_acknowledge
delete from karez.outbox
where peer = $1::uuid and lane = $2::smallint and sequence <= $3::bigint
  and $3::bigint <= (select h.last from karez.outbox_head h
                     where h.peer = $1::uuid and h.lane = $2::smallint);

-- What was held and is applied now.
-- name: outbox_taken
with taken as (
  delete from karez.outbox_held
  where peer = $1::uuid and lane = $2::smallint and sequence <= $3::bigint
    and $3::bigint <= (select h.last from karez.outbox_head h
                       where h.peer = $1::uuid and h.lane = $2::smallint)
  returning owner)
select owner, count(*) as messages from taken group by owner;

-- The peer still has no room: what was posted again after $4 goes back to where it was held.
-- name: outbox_hold_back
with back as (
  update karez.outbox_held set sequence = null
  where peer = $1::uuid and lane = $2::smallint and owner = $3::text and sequence > $4::bigint
  returning id)
update karez.outbox o set id = gen_random_uuid(), topic = 'peers.held', body = '{}'
from back where o.id = back.id;

-- Holds the first $5 messages of a plugin after $4.
-- name: outbox_hold
with those as (
  select o.sequence, o.id, o.topic, o.body from karez.outbox o
  where o.peer = $1::uuid and o.lane = $2::smallint and o.sequence > $4::bigint
    and split_part(o.topic, '.', 1) = $3::text
    and not exists (select from karez.outbox_held h where h.id = o.id)
  order by o.sequence limit $5::integer),
kept as (
  insert into karez.outbox_held (peer, lane, owner, id, topic, body)
  select $1::uuid, $2::smallint, $3::text, id, topic, body from those order by sequence)
update karez.outbox o set id = gen_random_uuid(), topic = 'peers.held', body = '{}'
from those
where o.peer = $1::uuid and o.lane = $2::smallint and o.sequence = those.sequence;

-- Posts the first $4 of a plugin's held messages again.
-- name: outbox_release
with next as (
  select number, row_number() over (order by number) as place from karez.outbox_held
  where peer = $1::uuid and lane = $2::smallint and owner = $3::text and sequence is null
  order by number limit $4::integer),
head as (
  update karez.outbox_head set last = last + (select count(*) from next)
  where peer = $1::uuid and lane = $2::smallint
  returning last),
released as (
  update karez.outbox_held h
  set sequence = head.last - (select count(*) from next) + next.place
  from next, head where h.number = next.number
  returning h.sequence, h.id, h.topic, h.body)
insert into karez.outbox (peer, lane, sequence, id, topic, body)
select $1::uuid, $2::smallint, sequence, id, topic, body from released;

-- name: outbox_held_streams
select peer, lane, owner, count(*) filter (where sequence is null) as resting
from karez.outbox_held group by peer, lane, owner;

-- name: inbox_applied
select coalesce((select i.applied from karez.inbox i
                 where i.peer = $1::uuid and i.lane = $2::smallint), 0) as applied;

-- As they are on the disk.
-- name: dead_letter_room
select count(*) as messages, coalesce(sum(pg_column_size(body)), 0)::bigint as bytes
from karez.inbox_dead_letter where peer = $1::uuid;

-- name: dead_letter_add
insert into karez.inbox_dead_letter (peer, lane, sequence, topic, body, reason)
values ($1::uuid, $2::smallint, $3::bigint, $4::text, $5::jsonb, $6::text)
on conflict (peer, lane, sequence) do update
  set topic = excluded.topic, body = excluded.body, reason = excluded.reason,
      at = clock_timestamp();

-- A message that came twice under one id is kept once.
-- name: park_message
insert into karez.inbox_parked (peer, lane, sequence, id, topic, owner, body, reason)
values ($1::uuid, $2::smallint, $3::bigint, $4::uuid, $5::text, split_part($5::text, '.', 1),
        $6::jsonb, $7::text)
on conflict (peer, id) do nothing
returning octet_length(body::text)::bigint as bytes;

-- name: parked_streams
select peer, lane, owner, count(*) as messages, sum(octet_length(body::text))::bigint as bytes,
       min(at) as since, (array_agg(reason order by number))[1] as reason
from karez.inbox_parked group by peer, lane, owner order by owner, peer, lane;

-- name: parked_next
select number, sequence, id, topic, body, octet_length(body::text)::bigint as bytes
from karez.inbox_parked
where peer = $1::uuid and lane = $2::smallint and owner = $3::text order by number limit 1;

-- The first of each stream of a plugin, and how many it has.
-- name: parked_heads
select distinct on (peer, lane) peer, lane, sequence, id, topic,
       count(*) over (partition by peer, lane) as messages
from karez.inbox_parked where owner = $1::text order by peer, lane, number;

-- name: parked_is_there
select exists (select from karez.inbox_parked where number = $1::bigint) as there;

-- name: dead_letter_list
select peer, lane, sequence, topic, reason, at from karez.inbox_dead_letter
order by at desc, peer, lane, sequence limit 200;

-- A dead letter is delivered once more, as if its plugin had been away.
-- name: dead_letter_retry
with gone as (
  delete from karez.inbox_dead_letter
  where peer = $1::uuid and lane = $2::smallint and sequence = $3::bigint
  returning peer, lane, sequence, topic, body, reason)
insert into karez.inbox_parked (peer, lane, sequence, id, topic, owner, body, reason)
select peer, lane, sequence, gen_random_uuid(), topic, split_part(topic, '.', 1), body, reason
from gone
returning octet_length(body::text)::bigint as bytes, topic;

-- After a restore: both sides count on from what the other one knows. The head's row lock keeps
-- out everybody who posts meanwhile.
-- name: restore_lock_head
insert into karez.outbox_head (peer, lane, last) values ($1::uuid, $2::smallint, 0)
on conflict (peer, lane) do update set last = karez.outbox_head.last;

-- name: restore_shift_held
update karez.outbox_held
set sequence = sequence + $3::bigint - (select min(o.sequence) - 1 from karez.outbox o
                                        where o.peer = $1::uuid and o.lane = $2::smallint)
where peer = $1::uuid and lane = $2::smallint and sequence is not null;

-- Through negative numbers, since the key is checked row by row.
-- name: restore_shift_outbox
update karez.outbox
set sequence = -(sequence + $3::bigint - (select min(o.sequence) - 1 from karez.outbox o
                                          where o.peer = $1::uuid and o.lane = $2::smallint))
where peer = $1::uuid and lane = $2::smallint;

-- name: restore_settle_outbox
update karez.outbox set sequence = -sequence
where peer = $1::uuid and lane = $2::smallint and sequence < 0;

-- name: restore_head
update karez.outbox_head
set last = $3::bigint + (select count(*) from karez.outbox o
                         where o.peer = $1::uuid and o.lane = $2::smallint)
where peer = $1::uuid and lane = $2::smallint;

-- name: restore_inbox
insert into karez.inbox (peer, lane, applied) values ($1::uuid, $2::smallint, $3::bigint)
on conflict (peer, lane) do update set applied = excluded.applied;
