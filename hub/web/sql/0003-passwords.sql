-- SPDX-License-Identifier: LGPL-2.1-or-later

-- What signs the cookies of an account's known browsers (hub-web-browsers.h); a new one forgets
-- them. 244 random bits.
create function web.make_browser_key () returns bytea language sql volatile as $$
  select decode (replace (gen_random_uuid ()::text || gen_random_uuid ()::text, '-', ''), 'hex')
$$;

alter table web.account
  -- Somebody else set the password and knows it: the person chooses another before anything else.
  add column password_temporary boolean not null default false,
  add column browser_key bytea not null default web.make_browser_key ()
    check (octet_length (browser_key) = 32);
