-- SPDX-License-Identifier: LGPL-2.1-or-later
create table notes.note (
  id   uuid primary key,
  text text not null
);
create table notes.line (
  id   bigint generated always as identity,
  note uuid not null references notes.note,
  text text not null,
  primary key (note, id)
);
insert into karez.table_rule values
  ('notes', 'line', 'part', 'note', 'note', 'a line is part of its note');
