-- SPDX-License-Identifier: LGPL-2.1-or-later

-- What is known of bookings' sessions: nothing. A schema above this one that keeps sessions puts its
-- own in place of this function.
create or replace function agenda.sessions (bookings uuid[])
  returns table (id uuid, body json) language sql stable as $$
  select null::uuid, null::json where false
$$;
