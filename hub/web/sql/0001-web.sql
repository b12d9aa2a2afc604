-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Who may sign in. The id is the person's.
create table web.account (
  id       uuid primary key references karez.person,
  login    text not null unique check (login ~ '^[a-z][a-z0-9._-]{1,63}$'),
  password text not null,               -- Argon2id, libsodium's string
  roles    text[] not null check (roles <@ array['desk', 'clinician', 'surgeon', 'bedside',
                                                 'engineer', 'administrator', 'auditor']),
  language text check (language in ('en', 'zh_CN', 'ug')),
  active   boolean not null default true
);

-- A cookie that was given out. Only the hash of its token is kept.
create table web.sign_in (
  id         uuid primary key,
  token      bytea not null unique,     -- BLAKE2b-256
  account    uuid not null references web.account,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  ended_at   timestamptz
);
create index sign_in_by_account on web.sign_in (account) where ended_at is null;

insert into karez.table_rule (table_schema, table_name, rule, owner_table, owner_column, why) values
  ('web', 'sign_in', 'part', 'account', 'account',
   'signing in and out are acts of the account');
