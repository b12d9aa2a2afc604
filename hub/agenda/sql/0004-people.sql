-- SPDX-License-Identifier: LGPL-2.1-or-later

-- What partners were told of a resource's person: whether that person's account is in use.
alter table agenda.resource add column person_active boolean not null default true;

-- Whether it can be booked: nobody is whose account is not in use, from the moment that it is not.
create function agenda.offered (r agenda.resource) returns boolean language sql stable as $$
  select r.active and not exists (select from karez.person p where p.id = r.person and not p.active)
$$;
