-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Before the commit of what somebody asked for: whether the sign-in it was asked by is still in force
-- and the account still has the roles it was admitted with. What has ended ends what waits.
create function web.guard_sign_in (a_id uuid, a_roles text[]) returns void language plpgsql as $$
declare
  now_roles text[];
begin
  select a.roles into now_roles
  from web.sign_in s
  join web.account a on a.id = s.account and a.active
  join karez.person p on p.id = a.id and p.active
  where s.id = a_id and s.ended_at is null and s.expires_at > clock_timestamp ();
  if not found then
    raise exception 'sign-in % is over', a_id using errcode = 'KZ007';
  end if;
  if now_roles <> a_roles then
    raise exception 'sign-in % has other roles now', a_id using errcode = 'KZ008';
  end if;
end $$;
