-- SPDX-License-Identifier: LGPL-2.1-or-later

-- "SessionOfBooking" of the API, for the bookings of the agenda.
create or replace function agenda.sessions (bookings uuid[])
  returns table (id uuid, body json) language sql stable as $$
  select s.id, json_build_object ('state', s.state, 'host', s.host,
           'started_at', agenda.rfc3339 (s.started_at), 'ended_at', agenda.rfc3339 (s.ended_at))
  from engine.session s where s.id = any (bookings)
$$;
