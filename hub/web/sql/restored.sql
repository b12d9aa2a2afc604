-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Sign-ins of then are nobody's of today.
insert into karez.event (id, actor_kind, actor_id, actor_name, action, subject_schema,
  subject_table, subject_row)
select gen_random_uuid (), 'local', 'karezctl', 'karezctl', 'account.end-sign-ins', 'web',
  'account', s.account from web.sign_in s where s.ended_at is null group by s.account;
update web.sign_in set ended_at = clock_timestamp () where ended_at is null;
