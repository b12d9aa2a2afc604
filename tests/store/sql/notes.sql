-- SPDX-License-Identifier: LGPL-2.1-or-later
-- name: note_put
insert into notes.note (id, text) values ($1::uuid, $2);

-- name: line_put
insert into notes.line (note, text) values ($1::uuid, $2);

-- name: note_list
select id, text from notes.note order by id;

-- name: foreign_read
select name from clinic.tally;

-- name: foreign_write
update clinic.tally set n = n + 1;

-- name: foreign_people
select id from karez.person;

-- name: forge_event
insert into karez.event (id, actor_kind, actor_id, actor_name, action)
values ($1::uuid, 'hub', 'x', 'x', 'note.forge');
