-- SPDX-License-Identifier: LGPL-2.1-or-later

-- When this hospital came to know of a file: files are fetched in that order, whatever the other
-- hospital's clock says.
alter table consult.attachment
  add column known_at timestamptz not null default clock_timestamp ();
