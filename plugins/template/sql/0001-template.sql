-- SPDX-License-Identifier: LGPL-2.1-or-later

-- What a session wrote, kept at each of its hospitals. A business table: no line in
-- karez.table_rule, so that every write needs its event.
create table template.note (
  session  uuid primary key,
  text     text not null check (length (text) <= 20000),
  revision bigint not null check (revision > 0),
  authors  text[] not null default '{}',
  kept_at  timestamptz not null default clock_timestamp(),
  kept_by  text not null
);
