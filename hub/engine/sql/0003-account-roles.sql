-- SPDX-License-Identifier: LGPL-2.1-or-later

-- The roles of a person's account, none without one. Its body is looked at when it is called: this
-- schema does not wait for the other's.
create function engine.account_roles (wanted uuid) returns text[] language plpgsql stable as $$
begin
  return coalesce ((select a.roles from web.account a where a.id = wanted and a.active), '{}');
end $$;
