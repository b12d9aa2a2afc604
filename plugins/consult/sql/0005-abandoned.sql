-- SPDX-License-Identifier: LGPL-2.1-or-later

-- When a part of a file last came: one that nobody goes on adding takes no place for ever.
alter table consult.attachment
  add column progress_at timestamptz not null default clock_timestamp ();
alter table consult.attachment drop constraint attachment_state_check;
alter table consult.attachment
  add constraint attachment_state_check check (state in ('coming', 'whole', 'broken', 'abandoned'));
