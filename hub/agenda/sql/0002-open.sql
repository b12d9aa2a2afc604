-- SPDX-License-Identifier: LGPL-2.1-or-later

-- What is open is few, and is looked for whenever a desk is drawn.
create index booking_open on agenda.booking (ends_at) where state in ('requested', 'withdrawing');
create index booking_declined on agenda.booking (ends_at) where state = 'declined';
