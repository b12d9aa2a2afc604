-- SPDX-License-Identifier: LGPL-2.1-or-later

-- The booking was declined or cancelled before all was sent: what is left is not sent any more, and
-- no look needs to find it.
alter table consult.request add column over boolean not null default false;
