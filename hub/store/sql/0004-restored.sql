-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Which restore this database comes from; NULL: none. Partners are told, since the hub itself may
-- have gone on so far that nothing else shows it. (A restore
-- of a backup that is older than this file has added it.)
alter table karez.hub add column if not exists restored uuid;
