-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Nothing is sent to or taken from a partner until somebody has acknowledged the restore.
insert into karez.event (id, actor_kind, actor_id, actor_name, action, subject_schema,
  subject_table, subject_row, details)
select gen_random_uuid (), 'local', 'karezctl', 'karezctl', 'peer.restored', 'peers', 'peer',
  p.id, '{"how": "restored-here"}' from peers.peer p where p.state = 'paired';
update peers.peer set restored_at = clock_timestamp () where state = 'paired';
