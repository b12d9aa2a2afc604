-- SPDX-License-Identifier: LGPL-2.1-or-later

-- What is signed of a session, the newest first, and what $2 is writing and may: who was there at the
-- patient's side or as expert.
-- name: reports_by_session
select
  (select coalesce (json_agg (json_build_object (
      'id', o.id, 'version', o.version, 'hub', o.hub, 'amends', o.amends,
      'amendment', o.amendment, 'course', o.course, 'recommendation', o.recommendation,
      'pictures', o.pictures, 'signed_by', o.signed_by,
      'signed_at', guidance.rfc3339 (o.signed_at), 'digest', o.digest)
      order by o.version desc, o.signed_at desc, o.id), '[]'::json)
   from guidance.report o where o.session = $1::uuid) as reports,
  n.id as newest, coalesce (n.version, 0) as version,
  exists (select from guidance.participant p where p.session = $1::uuid and p.person = $2
          and p.role in ('site', 'expert')) as author,
  d.id as draft, coalesce (d.revision, 0) as revision, d.course, d.recommendation,
  coalesce (to_json (d.pictures), '[]'::json) as chosen, guidance.rfc3339 (d.saved_at) as saved_at,
  (select coalesce (json_agg (json_build_object (
      'id', a.id, 'kind', a.kind, 'caption', a.caption, 'taken_at', guidance.rfc3339 (a.taken_at),
      'sha256', encode (a.sha256, 'hex')) order by a.taken_at, a.id), '[]'::json)
   from guidance.picture a
   where a.session = $1::uuid and a.state = 'whole' and a.id::text = any (d.pictures)) as pictures,
  s.people, s.seconds, s.marks, s.more_marks, s.checklists
from (select $1::uuid as session) w
left join lateral (select o.id, o.version from guidance.report o where o.session = w.session
  order by o.version desc, o.signed_at desc, o.id limit 1) n on true
left join guidance.report_draft d on d.session = w.session and d.author = $2
left join guidance.summary s on s.session = w.session

-- name: report_by_id
select o.id, o.version, o.hub, o.amends, o.amendment, o.course, o.recommendation, o.pictures,
  o.summary, o.signed_by, guidance.rfc3339 (o.signed_at) as signed_at, o.digest
from guidance.report o where o.id = $1::uuid and o.session = $2::uuid

-- name: report_draft_begin
insert into guidance.report_draft (id, session, author, revision, course, recommendation, pictures)
values ($1::uuid, $2::uuid, $3, 1, $4, $5, $6::text[])
on conflict (session, author) do nothing
returning id

-- name: report_draft_save
update guidance.report_draft set revision = revision + 1, course = $3, recommendation = $4,
  pictures = $5::text[], saved_at = clock_timestamp ()
where id = $1::uuid and revision = $2::integer
returning id

-- Signed or thrown away, as it stood at this revision.
-- name: report_draft_take
delete from guidance.report_draft where id = $1::uuid and revision = $2::integer returning id

-- name: report_sign
insert into guidance.report (id, session, hub, version, amends, amendment, course, recommendation,
  pictures, summary, signer, signed_by, signed_at, digest)
select $1::uuid, $2::uuid, $3::uuid, $4::integer, $5::uuid, $6, $7, $8, $9::json, $10::json, $11,
  $12, $13::timestamptz, $14
where (select count (*) from guidance.report o where o.session = $2::uuid) < 200
on conflict do nothing
returning id
