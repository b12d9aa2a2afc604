-- SPDX-License-Identifier: LGPL-2.1-or-later

-- In which encoding a text is, as far as its parts have told: its bytes are kept as they came.
alter table consult.attachment add column charset text
  check (charset in ('us-ascii', 'utf-8', 'utf-16le', 'utf-16be', 'gb18030'));
