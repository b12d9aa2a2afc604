-- SPDX-License-Identifier: LGPL-2.1-or-later
create table clinic.thing (
  id    uuid primary key,
  name  text not null unique,
  n     integer not null default 0 check (n >= 0),
  bytes bytea
);
create table clinic.detail (
  id    uuid primary key,
  thing uuid not null references clinic.thing,
  text  text not null
);
create table clinic.tally (
  name text primary key,
  n    integer not null
);
insert into karez.table_rule values
  ('clinic', 'detail', 'part', 'thing', 'thing', 'a detail is part of its thing'),
  ('clinic', 'tally', 'bookkeeping', null, null, 'counts');
insert into clinic.tally values ('a', 0), ('b', 0);
