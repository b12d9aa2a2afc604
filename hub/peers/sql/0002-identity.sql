-- SPDX-License-Identifier: LGPL-2.1-or-later

-- A peer is another hub, and its id and its key belong together: whoever speaks under an id may
-- change that hospital's rows. (id is the primary key and key is unique already.)
create function peers.check_peer () returns trigger language plpgsql as $$
begin
  if exists (select from karez.hub h where h.id = new.id) then
    raise exception 'hub % is this hub itself', new.id
      using errcode = 'check_violation', schema = 'peers', table = 'peer',
            constraint = 'peer_is_another_hub';
  end if;
  if tg_op = 'UPDATE' and (new.id, new.key) is distinct from (old.id, old.key) then
    raise exception 'hub % keeps its id and its key', old.id
      using errcode = 'check_violation', schema = 'peers', table = 'peer',
            constraint = 'peer_keeps_its_key';
  end if;
  return new;
end $$;
create trigger check_peer before insert or update on peers.peer
  for each row execute function peers.check_peer ();
