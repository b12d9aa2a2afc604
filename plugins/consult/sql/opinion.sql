-- SPDX-License-Identifier: LGPL-2.1-or-later

-- What is signed of a consultation, the newest first, and what $2 is writing and may.
-- name: opinions_by_session
select
  (select coalesce (json_agg (json_build_object (
      'id', o.id, 'version', o.version, 'hub', o.hub, 'findings', o.findings,
      'impression', o.impression, 'recommendation', o.recommendation, 'amendment', o.amendment,
      'signed_by', o.signed_by, 'signed_at', consult.rfc3339 (o.signed_at), 'digest', o.digest,
      'readings', (select coalesce (json_agg (json_build_object (
          'by', g.read_by, 'hub', g.hub, 'at', consult.rfc3339 (g.read_at))
          order by g.read_at, g.id), '[]'::json) from consult.reading g where g.opinion = o.id))
      order by o.version desc), '[]'::json)
   from consult.opinion o where o.session = $1::uuid) as opinions,
  n.id as newest, coalesce (n.version, 0) as version,
  exists (select from consult.consultant c where c.session = $1::uuid and c.person = $2)
    as consultant,
  exists (select from consult.reading g where g.opinion = n.id and g.hub = $3::uuid
          and g.reader = $2) as read,
  d.id as draft, coalesce (d.revision, 0) as revision, d.findings, d.impression, d.recommendation,
  consult.rfc3339 (d.saved_at) as saved_at
from (select $1::uuid as session) w
left join consult.opinion n on n.session = w.session
  and n.version = (select max (o.version) from consult.opinion o where o.session = $1::uuid)
left join consult.opinion_draft d on d.session = w.session and d.author = $2

-- name: draft_begin
insert into consult.opinion_draft (id, session, author, revision, findings, impression,
  recommendation)
values ($1::uuid, $2::uuid, $3, 1, $4, $5, $6)
on conflict (session, author) do nothing
returning revision, findings, impression, recommendation, consult.rfc3339 (saved_at) as saved_at

-- name: draft_save
update consult.opinion_draft set revision = revision + 1, findings = $3, impression = $4,
  recommendation = $5, saved_at = clock_timestamp ()
where id = $1::uuid and revision = $2::integer
returning revision, findings, impression, recommendation, consult.rfc3339 (saved_at) as saved_at

-- Signed or thrown away, as it stood at this revision.
-- name: draft_take
delete from consult.opinion_draft where id = $1::uuid and revision = $2::integer returning id

-- name: opinion_sign
insert into consult.opinion (id, session, version, hub, findings, impression, recommendation,
  amendment, signer, signed_by, signed_at, digest)
select $1::uuid, $2::uuid, $3::integer, $4::uuid, $5, $6, $7, $8, $9, $10, $11::timestamptz, $12
where (select count (*) from consult.opinion o where o.session = $2::uuid) < 100
on conflict do nothing
returning id

-- A row if the consultation $7 has this opinion; one that is told again stays as it is.
-- name: reading_keep
insert into consult.reading (id, opinion, hub, reader, read_by, read_at)
select $1::uuid, o.id, $3::uuid, $4, $5, $6::timestamptz
from consult.opinion o where o.id = $2::uuid and o.session = $7::uuid
  and (select count (*) from consult.reading g where g.opinion = o.id and g.reader <> $4) < 500
on conflict (opinion, hub, reader) do update set read_at = reading.read_at
