-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Which restore the peer's database came from when it said so last. A hub may have gone on after a
-- restore until its counts are as high as they were.
alter table peers.greeting add column restored uuid;
