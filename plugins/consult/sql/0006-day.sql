-- SPDX-License-Identifier: LGPL-2.1-or-later

-- What was added within a day is bounded.
create index attachment_by_day on consult.attachment (added_at);
