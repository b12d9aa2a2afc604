-- SPDX-License-Identifier: LGPL-2.1-or-later

-- $5 is this hub's id for its own hospital, of which there is one.
-- name: organisation_insert
insert into karez.organisation (id, parent, level, names, hub)
select $1::uuid, $2::uuid, $3, $4::jsonb, $5::uuid
where $5::uuid is null
   or not exists (select from karez.organisation o where o.hub = $5::uuid);

-- Without $2 the patient is of this hub's own hospital.
-- name: patient_insert
insert into karez.patient (id, organisation, names, birth_date, gender)
select $1::uuid, o.id, $3::jsonb, $4::date, $5
from karez.organisation o
where case when $2::uuid is null then o.hub = $6::uuid else o.id = $2::uuid end
order by o.id limit 1;
