-- SPDX-License-Identifier: LGPL-2.1-or-later

alter table karez.inbox_aside rename to inbox_dead_letter;
alter index karez.inbox_aside_pkey rename to inbox_dead_letter_pkey;

update karez.table_rule
set table_name = 'inbox_dead_letter', why = 'its event is message.dead-letter'
where table_schema = 'karez' and table_name = 'inbox_aside';
