-- SPDX-License-Identifier: LGPL-2.1-or-later

-- People of this hospital who may come though the booking does not name them.
create table engine.invitation (
  session uuid not null references engine.session,
  person  uuid not null references karez.person,
  primary key (session, person)
);

-- People of this hospital whom the booking names, or named: a session that is prepared outlives the
-- cancellation of its booking, and is then nobody else's.
create function engine.booked (wanted uuid) returns setof uuid language sql stable as $$
  select r.person from agenda.claim c join agenda.resource r on r.id = c.resource
  where c.booking = wanted and r.person is not null
$$;

-- Whether everybody of this hospital who may join sessions may join this one: nobody is named, or
-- it is an emergency.
create function engine.is_open (wanted uuid) returns boolean language sql stable as $$
  select exists (select from agenda.booking b where b.id = wanted and b.urgency = 'T0')
      or not exists (select from engine.booked (wanted))
$$;

create function engine.admits (wanted uuid, who uuid) returns boolean language sql stable as $$
  select engine.is_open (wanted)
      or exists (select from engine.booked (wanted) as b (person) where b.person = who)
      or exists (select from engine.invitation i where i.session = wanted and i.person = who)
$$;

insert into karez.table_rule values
  ('engine', 'invitation', 'part', 'session', 'session', 'an invitation is part of a session');
