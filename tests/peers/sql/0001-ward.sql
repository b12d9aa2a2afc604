-- SPDX-License-Identifier: LGPL-2.1-or-later
create table ward.effect (
  id     uuid primary key,
  number bigint generated always as identity,
  lane   smallint not null,
  word   text not null
);
