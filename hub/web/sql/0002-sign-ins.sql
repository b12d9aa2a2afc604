-- SPDX-License-Identifier: LGPL-2.1-or-later

-- What is forgotten at the account's next sign-in.
create index sign_in_by_expiry on web.sign_in (account, expires_at);
