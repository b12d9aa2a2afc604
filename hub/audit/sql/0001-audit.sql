-- SPDX-License-Identifier: LGPL-2.1-or-later

-- "Event" of the API, of a row of the log.
create function audit.event (e karez.event) returns json language sql stable as $$
  select json_build_object (
    'id', e.id,
    'at', to_char (e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'actor', json_build_object ('kind', e.actor_kind, 'id', e.actor_id, 'name', e.actor_name,
                                'roles', e.actor_roles, 'hub', e.actor_hub),
    'address', e.address, 'action', e.action, 'outcome', e.outcome,
    'schema', e.subject_schema, 'table', e.subject_table, 'row', e.subject_row,
    'session', e.session, 'patient', e.patient, 'details', e.details)
$$;
