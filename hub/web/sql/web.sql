-- SPDX-License-Identifier: LGPL-2.1-or-later

-- name: sign_in_by_token
select s.id, s.account, a.login, a.language, to_json (a.roles) as roles, p.names, p.title,
       a.password_temporary,
       (extract (epoch from s.expires_at) * 1000000)::bigint as expires
from web.sign_in s
join web.account a on a.id = s.account and a.active
join karez.person p on p.id = a.id and p.active
where s.token = $1 and s.ended_at is null and s.expires_at > clock_timestamp ();

-- name: account_by_login
select a.id, a.login, a.password, a.browser_key, a.active and p.active as active
from web.account a join karez.person p on p.id = a.id
where a.login = $1;

-- What is in force of an account's, and what may be done by it.
-- name: sign_ins_in_force
select s.id, array_to_string (a.roles, ',') as roles, a.password_temporary
from web.sign_in s
join web.account a on a.id = s.account and a.active
join karez.person p on p.id = a.id and p.active
where s.account = $1::uuid and s.ended_at is null and s.expires_at > clock_timestamp ();

-- The last statement of a request's transaction.
-- name: sign_in_guard
select web.guard_sign_in ($1::uuid, $2);

-- $4 is what the password was held against.
-- name: sign_in_insert
insert into web.sign_in (id, token, account, expires_at)
select $1::uuid, $2, a.id, clock_timestamp () + interval '12 hours'
from web.account a join karez.person p on p.id = a.id
where a.id = $3::uuid and a.active and p.active and a.password = $4;

-- The event of each stays; a day, since clocks are set.
-- name: sign_in_forget
delete from web.sign_in
where account = $1::uuid and expires_at < clock_timestamp () - interval '1 day';

-- name: sign_in_end
update web.sign_in set ended_at = clock_timestamp () where id = $1::uuid and ended_at is null;

-- name: sign_in_end_all
update web.sign_in set ended_at = clock_timestamp ()
where account = $1::uuid and ended_at is null;

-- name: sign_in_end_others
update web.sign_in set ended_at = clock_timestamp ()
where account = $1::uuid and id <> $2::uuid and ended_at is null;

-- $3 is what the old password was held against, $4 the sign-in in which it was typed.
-- name: account_set_password
update web.account
set password = $2, password_temporary = false, browser_key = web.make_browser_key ()
where id = $1::uuid and password = $3 and active
  and exists (select from web.sign_in s where s.id = $4::uuid and s.ended_at is null)
returning browser_key;

-- name: account_forget_browsers
update web.account set browser_key = web.make_browser_key () where id = $1::uuid;

-- name: login_by_id
select login from web.account where id = $1::uuid;

-- name: account_set_language
update web.account set language = $2 where id = $1::uuid;

-- name: administrators_lock
select a.id from web.account a where 'administrator' = any (a.roles) order by a.id for update;

-- A row unless $1 is the only administrator whose account is in use, and will not be one ($2).
-- name: administrator_left
with administrator as (
  select a.id from web.account a join karez.person p on p.id = a.id
  where a.active and p.active and 'administrator' = any (a.roles)
)
select 1 as left where $2::boolean
  or not exists (select from administrator m where m.id = $1::uuid)
  or exists (select from administrator m where m.id <> $1::uuid);

-- name: account_insert
insert into web.account (id, login, password, password_temporary, roles)
values ($1::uuid, $2, $3, $4, $5);

-- name: account_update
update web.account
set roles = $2, active = $3, password = coalesce ($4, password),
    password_temporary = case when $4 is null then password_temporary else $5 end,
    browser_key = case when $4 is null then browser_key else web.make_browser_key () end
where id = $1::uuid;

-- name: person_insert
insert into karez.person (id, organisation, names, title)
select $1::uuid, o.id, $2::jsonb, $3::jsonb
from karez.organisation o where o.hub = $4::uuid order by o.id limit 1;

-- name: person_update
update karez.person set names = $2::jsonb, title = $3::jsonb, active = $4 where id = $1::uuid;

-- name: people
select p.id, p.names, p.title, p.active and coalesce (a.active, true) as active,
       p.organisation, o.names as organisation_names, o.hub, a.login, to_json (a.roles) as roles
from karez.person p
join karez.organisation o on o.id = p.organisation
left join web.account a on a.id = p.id
order by p.names ->> 'en', p.id
limit 2001;

-- name: organisations
select id, parent, level, names, hub from karez.organisation order by names ->> 'en', id
limit 2001;

-- name: patients
select id, organisation, names, birth_date, gender from karez.patient
order by names ->> 'en', id
limit 501;
