-- SPDX-License-Identifier: LGPL-2.1-or-later

-- name: effect_put
insert into ward.effect (id, lane, word) values ($1::uuid, $2::smallint, $3::text);
