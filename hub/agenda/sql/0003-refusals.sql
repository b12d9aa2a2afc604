-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Requests of other hospitals that this hub refused by itself, and answered. What was refused is not
-- taken later, when the message is delivered again: the hospital that asked goes by the answer.
create table agenda.refusal (
  booking   uuid not null,
  requester uuid not null,
  rule      text,
  at        timestamptz not null default clock_timestamp(),
  primary key (booking, requester)
);
create index refusal_by_time on agenda.refusal (requester, at);

insert into karez.table_rule values
  ('agenda', 'refusal', 'bookkeeping', null, null, 'its event is booking.refuse');
