#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A hub's database as a file and back, into another cluster, with a partner that went on meanwhile.

test-restore.py BUILD [TEST…]      KAREZ_TEST_DATABASE: a superuser's, for the partner"""
import contextlib
import datetime
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import uuid

import karezd
from karezd import (KAREZCTL, Karezd, ask, confirm, hub_id, owned, partner, sql, superuser,
                    until)
NOBODY = 65534

PERSON = {'names': {'en': 'Administrator'}, 'login': 'admin', 'password': 'spring water in the karez',
          'password_final': True, 'roles': ['administrator']}


def fill(hub, name):
    ask(hub, 'POST', '/organisations', {'id': str(uuid.uuid4()), 'level': 'county',
                                        'names': {'en': name}, 'own': True})
    ask(hub, 'POST', '/people', {**PERSON, 'id': str(uuid.uuid4())})
    room = str(uuid.uuid4())
    ask(hub, 'POST', '/resources', {'id': room, 'kind': 'room', 'names': {'en': f'Room of {name}'}})
    return room


def pair(one, other):
    confirm(one, other)
    for hub in (one, other):
        until('the partner to be up', lambda: partner(hub) and partner(hub)['state'] == 'up')


def book(hub, room, title, hours):
    start = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
    booking = str(uuid.uuid4())
    ask(hub, 'POST', '/bookings', {
        'id': booking, 'modality': 'shared-note', 'title': title, 'urgency': 'T2',
        'partner': partner(hub)['id'], 'starts_at': start.strftime('%Y-%m-%dT%H:%M:00Z'),
        'ends_at': (start + datetime.timedelta(minutes=30)).strftime('%Y-%m-%dT%H:%M:00Z'),
        'resources': [room]})
    return booking


def state(hub, booking):
    status, answer = hub.ask('GET', f'/bookings/{booking}')
    return answer['state'] if status == 200 else None


def accept(hub, booking, room):
    until('the request', lambda: state(hub, booking) == 'requested')
    ask(hub, 'POST', f'/bookings/{booking}/accept', {'resources': [room]})


def confirmed(hubs, booking):
    until('both to confirm', lambda: all(state(hub, booking) == 'confirmed' for hub in hubs))


def ctl(hub, *arguments, wanted=0):
    status, out, err = hub.ctl(*arguments)
    assert status == wanted, f'karezctl {arguments}: {status}\n{out}\n{err}'
    return out + err


@contextlib.contextmanager
def hubs(attributes='createrole'):
    """A hub with a database of its own role, and its partner on the test's."""
    with owned(attributes) as (name, hub):
        other = Karezd(Hub__Name='Other')
        hub.database = name
        for one in (hub, other):
            one.settings['Peers', 'Advertise'] = f"127.0.0.1:{one.settings['Peers', 'Port']}"
        try:
            yield hub.start(), other.start()
        finally:
            other.remove()


def manifest(path):
    with tarfile.open(path) as tar:
        assert [(one.name, one.mode) for one in tar][0] == ('manifest.json', 0o600)
        return json.load(tar.extractfile('manifest.json')), tar.getnames()


def move_to_private(hub):
    """The same hub in a cluster of its own, where none of the roles is."""
    del hub.settings['Database', 'Connection']
    hub.write()


def test_another_cluster_with_a_live_partner():
    with hubs() as (hub, other):
        backup = os.path.join(hub.folder, 'hub.karez')
        room, theirs = fill(hub, 'Here'), fill(other, 'There')
        pair(hub, other)
        until('the rooms', lambda: all(
            len(ask(one, 'GET', '/resources')['items']) == 2 for one in (hub, other)))
        kept = book(hub, room, 'before', 30)
        accept(other, kept, theirs)
        confirmed((hub, other), kept)
        said = ctl(hub, 'backup', backup)
        assert 'key is not in it' in said and os.stat(backup).st_mode & 0o777 == 0o600
        made, names = manifest(backup)
        assert made['hub'] == hub_id(hub) and 'identity.pem' not in names, (made, names)
        assert {one['name'] for one in made['schemas'] if one['plugin']} == {'template'}

        # What comes now is lost here and kept there.
        lost = book(hub, room, 'after', 32)
        accept(other, lost, theirs)
        confirmed((hub, other), lost)
        events = int(sql('select count(*) from karez.event', superuser(hub.database)))
        assert hub.stop() == 0
        move_to_private(hub)
        ctl(hub, 'restore', backup, wanted=1)  # asks, and nobody is there to answer
        said = ctl(hub, 'restore', backup, '--yes')
        assert made['made_at'] in said and 'acknowledge' in said, said
        hub.start()
        assert state(hub, kept) == 'confirmed' and state(hub, lost) is None
        assert hub.plugin('template')['state'] == 'enabled', hub.plugin('template')
        for one in (hub, other):
            until('the restore to be shown', lambda: partner(one)['restored'])
            said = ctl(one, 'status')
            assert 'restored' in said and f"pair acknowledge {partner(one)['id']}" in said, said
        # What only one of them knows is listed at both, also before anybody acknowledges it.
        for one, here, there in ((hub, None, 'confirmed'), (other, 'confirmed', None)):
            found = ask(one, 'GET', f"/peers/{partner(one)['id']}/differences")
            assert [(item['id'], item['here'], item['there'], item['title'])
                    for item in found['items']] == [(lost, here, there, None)], found
            said = ctl(one, 'pair', 'compare', partner(one)['id'])
            assert lost in said and 'unknown' in said and kept not in said, said
        # Nothing is delivered before both have acknowledged it.
        waiting = book(hub, room, 'waits', 34)
        time.sleep(1.5)
        assert state(other, waiting) is None
        for one in (hub, other):
            ctl(one, 'pair', 'acknowledge', partner(one)['id'])
            assert not partner(one)['restored']
        accept(other, waiting, theirs)
        confirmed((hub, other), waiting)
        # The hospital that has it cancels it, and the other one is none the worse.
        ask(other, 'POST', f'/bookings/{lost}/cancel', {'answer': 'not known at the other hospital'})
        until('nothing to differ', lambda: all(
            not ask(one, 'GET', f"/peers/{partner(one)['id']}/differences")['items']
            and not partner(one)['outbox'] for one in (hub, other)))
        assert 'the same' in ctl(hub, 'pair', 'compare', partner(hub)['id'])
        assert not ask(hub, 'GET', '/messages/dead-letters')['items']
        # Roles, triggers and the log are what they were: each act has its event, none covers another.
        connection = f'host={hub.runtime}/postgres port=5432 dbname=karez user=hub'
        assert sql('set role karez_plugin_template; select count(*) from template.note', connection) == '0'
        assert sql("select string_agg (distinct tableowner, ' ') from pg_tables"
                   " where schemaname = 'template'", connection) == 'karez_plugin_template_owner'
        assert int(sql('select count(*) from karez.event', connection)) > events / 2
        assert sql('select count(*) from karez.event where xid >= pg_current_xact_id ()', connection) == '0'
        done = subprocess.run(['psql', '-XqAt', '-d', connection, '-c',
                               "update agenda.booking set title = 'x'"], capture_output=True,
                              text=True, check=False)
        assert 'has no event' in done.stderr, done.stderr
        assert sql('select count(*) from web.sign_in where ended_at is null', connection) == '0'


@karezd.without_sanitizer  # its own library has to come first
def test_clocks_are_compared():
    """Each hub measures its partner's clock, and says when they are apart."""
    with hubs() as (hub, other):
        pair(hub, other)
        for one in (hub, other):
            clock = until('a measure', lambda: partner(one)['clock'])
            assert abs(clock['offset_ms']) <= clock['uncertainty_ms'] + 1 and not clock['off'], clock
        other.stop()
        other.start(LD_PRELOAD=os.path.join(karezd.BUILD, 'tests/daemon/libshift.so'),
                    KAREZ_TEST_CLOCK='3600')
        for one, ahead in ((hub, 3600_000), (other, -3600_000)):
            clock = until('it to be seen', lambda: (partner(one)['clock'] or {}).get('off')
                          and partner(one)['clock'])
            assert abs(clock['offset_ms'] - ahead) <= clock['uncertainty_ms'] + 1, clock
            said = ctl(one, 'status')
            assert ' ± ' in said and 'clock and this hub’s are apart' in said, said
        assert until('a warning', lambda: hub.said().count('The clocks are apart') == 1)
        time.sleep(6)
        assert hub.said().count('The clocks are apart') == 1
        other.stop()
        other.start()
        until('them to agree', lambda: 'agrees with this hub' in hub.said())
        assert not partner(hub)['clock']['off']


def test_partner_is_told_where_no_count_shows_it():
    """The hub went back, and went on as far as it was before its partner heard of it."""
    with hubs() as (hub, other):
        backup = os.path.join(hub.folder, 'hub.karez')
        room = fill(hub, 'Here')
        pair(hub, other)
        ctl(hub, 'backup', backup)
        book(hub, room, 'lost', 30)
        until('nothing to wait', lambda: not partner(hub)['outbox'])
        hub.stop()
        other.stop()
        ctl(hub, 'restore', '--yes', '--replace', backup)
        hub.start()
        assert partner(hub)['restored'], partner(hub)
        for hours in (32, 34, 36):
            book(hub, room, 'again', hours)
        for _ in range(2):
            hub.stop()
            hub.start()
        other.start()
        until('the partner to notice', lambda: partner(other)['restored'])


def test_refusals():
    """Nothing is touched by what is refused."""
    with owned('createrole') as (name, hub), owned('createrole') as (empty, other):
        backup = os.path.join(hub.folder, 'hub.karez')
        hub.write()
        assert 'backup/empty' in ctl(hub, 'backup', backup, wanted=1)
        assert os.listdir(hub.folder) == ['karez.conf'], os.listdir(hub.folder)
        hub.start()
        fill(hub, 'Here')
        ctl(hub, 'backup', backup, '--with-identity')
        before = sql('select count(*) from karez.event', superuser(name))
        assert 'stop it first' in ctl(hub, 'restore', '--yes', '--replace', backup, wanted=1)
        hub.stop()
        assert 'restore/not-empty' in ctl(hub, 'restore', '--yes', backup, wanted=1)
        assert 'restore/has-key' in ctl(hub, 'restore', '--yes', '--replace', '--new-key', backup,
                                        wanted=1)
        whole = open(backup, 'rb').read()
        broken = os.path.join(hub.folder, 'broken')
        made, _ = manifest(backup)
        for number, wrong in enumerate([
                b'', whole[:100000], whole[:-2000], whole[:-1600] + bytes([whole[-1600] ^ 1]) + whole[-1599:],
                whole.replace(b'PGDMP', b'PGDMQ'), b'x' * 700000]):
            with open(broken, 'wb') as file:
                file.write(wrong)
            said = ctl(hub, 'restore', '--yes', '--replace', broken, wanted=1)
            assert 'backup/file' in said, (number, said)
        for rule, change in (
                ('backup/format', {'format': 2}),
                ('restore/other-hub', {'hub': str(uuid.uuid4())}),
                ('restore/newer', {'schemas': made['schemas'] + [
                    {'name': 'later', 'plugin': False, 'migrations': []}]}),
                ('restore/newer', {'schemas': [{**made['schemas'][0], 'migrations': [
                    *made['schemas'][0]['migrations'],
                    {'number': 999, 'name': '0999-later.sql', 'sha256': '0' * 64}]}]}),
                ('restore/changed', {'schemas': [{**made['schemas'][0], 'migrations': [
                    {**made['schemas'][0]['migrations'][0], 'sha256': '0' * 64}]}]}),
                ('backup/file', {'schemas': made['schemas'] + [
                    {'name': 'x; drop schema karez', 'plugin': True, 'migrations': []}]})):
            rewrite(backup, broken, {**made, **change})
            said = ctl(hub, 'restore', '--yes', '--replace', broken, wanted=1)
            assert rule in said, (rule, said)
        # What the manifest vouches for need not be a dump, or one to its end.
        for wrong in (os.urandom(4 << 20), b'PGDMP' + bytes(4 << 20),
                      member(backup, 'database.dump')[:2000] + bytes(4 << 20)):
            rewrite(backup, broken, {**made, 'dump': {
                'bytes': len(wrong), 'sha256': hashlib.sha256(wrong).hexdigest()}}, wrong)
            said = ctl(hub, 'restore', '--yes', '--replace', broken, wanted=1)
            assert 'restore/failed' in said and 'as it was' in said, said
        with held(hub):
            said = ctl(hub, 'restore', '--yes', '--replace', backup, wanted=1)
            assert 'restore/in-use' in said and 'somebody' in said, said
        sql(f'alter role {name} nocreaterole')
        assert sql('select count(*) from karez.event', superuser(name)) == before

        # A hub without a key, and then the backup's.
        other.write()
        sql(f'alter role {empty} nocreaterole')
        rewrite(backup, broken, {**made, 'identity': False})
        assert 'restore/no-key' in ctl(other, 'restore', '--yes', broken, wanted=1)
        said = ctl(other, 'restore', '--yes', backup, wanted=1)
        assert f'GRANT karez_plugin_template TO {empty};' in said, said
        sql(f'alter role {empty} createrole')
        ctl(other, 'restore', '--yes', backup)
        assert os.stat(os.path.join(other.state, 'identity.pem')).st_mode & 0o777 == 0o600
        other.start()
        assert hub_id(other) == made['hub']
        assert ask(other, 'GET', '/people')['items'][0]['login'] == 'admin'


@contextlib.contextmanager
def held(hub):
    """Somebody else is connected to the hub's database."""
    with subprocess.Popen(['psql', '-X', '-d',
                           hub.settings['Database', 'Connection'] + ' application_name=somebody'],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as one:
        one.stdin.write(b'select 1;\n')
        one.stdin.flush()
        one.stdout.readline()
        try:
            yield
        finally:
            one.stdin.close()
            one.wait()


def member(backup, name):
    with tarfile.open(backup) as tar:
        return tar.extractfile(name).read()


def rewrite(backup, path, made, dump=None):
    """The same archive under another manifest, or with another dump."""
    with tarfile.open(backup) as tar, tarfile.open(path, 'w', format=tarfile.USTAR_FORMAT) as out:
        for one in tar:
            data = tar.extractfile(one).read()
            if one.name == 'manifest.json':
                data = json.dumps(made).encode()
            elif one.name == 'database.dump' and dump:
                data = dump
            elif one.name == 'identity.pem' and not made['identity']:
                continue
            one.size = len(data)
            out.addfile(one, io.BytesIO(data))


def test_new_key():
    """A hub of which nothing is left but the backup: it gets a key, and both pair anew."""
    with hubs() as (hub, other):
        backup = os.path.join(hub.folder, 'hub.karez')
        room, theirs = fill(hub, 'Here'), fill(other, 'There')
        pair(hub, other)
        until('the rooms', lambda: all(
            len(ask(one, 'GET', '/resources')['items']) == 2 for one in (hub, other)))
        ctl(hub, 'backup', backup)
        identity, was = hub_id(hub), partner(other)['key']
        lost = book(hub, room, 'lost', 30)
        accept(other, lost, theirs)
        confirmed((hub, other), lost)
        hub.stop()
        os.remove(os.path.join(hub.state, 'identity.pem'))
        said = ctl(hub, 'restore', '--yes', '--replace', '--new-key', backup)
        assert 'new key' in said, said
        hub.start()
        assert hub_id(hub) == identity
        for one in (hub, other):
            ask(one, 'DELETE', f"/peers/{partner(one)['id']}")
        pair(hub, other)
        assert partner(other)['key'] != was
        # The former life is still known: both look before anything is delivered.
        for one in (hub, other):
            until('the restore to be shown', lambda: partner(one)['restored'])
            ctl(one, 'pair', 'acknowledge', partner(one)['id'])
        again = book(hub, room, 'again', 32)
        accept(other, again, theirs)
        confirmed((hub, other), again)


@karezd.without_sanitizer  # it may not look at who has changed the user
def test_as_root():
    """Root's karezctl goes on as the hub's user: PostgreSQL knows it, and files stay the hub's."""
    if os.geteuid() != 0:
        return
    hub = Karezd(database=False)
    with tempfile.TemporaryDirectory() as folder:  # root's alone
        backup = os.path.join(folder, 'hub.karez')
        try:
            os.makedirs(hub.state)
            os.makedirs(hub.runtime)
            for path in (hub.state, hub.runtime):
                os.chown(path, NOBODY, NOBODY)
            hub.start(prefix=['setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups'])
            # What was done is told, and no line of a log.
            for words in (('migrate', '--check'), ('backup', backup, '--with-identity')):
                said = ctl(hub, *words)
                assert 'Message' not in said, said
            assert os.stat(backup).st_uid == 0
            made, _ = manifest(backup)
            # Anybody else is told so.
            for words in (('migrate', '--check'), ('migrate',), ('backup', '/tmp/nobodys.karez')):
                done = subprocess.run([KAREZCTL, '--config', hub.config, *words], capture_output=True,
                                      text=True, check=False, user=1, group=1, extra_groups=[])
                assert done.returncode == 4 and 'database/user' in done.stderr, (words, done)
            hub.stop()
            os.remove(os.path.join(hub.state, 'identity.pem'))
            ctl(hub, 'restore', '--yes', '--replace', backup)
            owners = {os.lstat(os.path.join(hub.state, name)).st_uid for name in os.listdir(hub.state)}
            assert owners == {NOBODY}, owners
            hub.start(prefix=['setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups'])
            assert hub_id(hub) == made['hub']
        finally:
            hub.remove()


@karezd.without_sanitizer  # it may not look at who has changed the user
def test_disable_as_root():
    """What the hub's user left in its state directory leads root nowhere."""
    if os.geteuid() != 0:
        return
    hub = Karezd(database=False)
    with tempfile.TemporaryDirectory() as folder:  # root's alone
        try:
            os.makedirs(hub.state)
            os.chown(hub.state, NOBODY, NOBODY)
            hub.write()
            plugins = os.path.join(hub.state, 'plugins')
            os.symlink(folder, plugins)
            ctl(hub, 'plugins', 'disable', 'template', '--reason', 'x', wanted=1)
            assert not os.listdir(folder), os.listdir(folder)
            os.remove(plugins)
            ctl(hub, 'plugins', 'disable', 'template', '--reason', 'x')
            for path in (plugins, os.path.join(plugins, 'template.disabled'), os.path.join(hub.state, 'lock')):
                assert os.lstat(path).st_uid == NOBODY, path
        finally:
            hub.remove()


def test_half_a_restore_is_none():
    with owned('createrole') as (name, hub):
        backup = os.path.join(hub.folder, 'hub.karez')
        hub.start()
        fill(hub, 'Here')
        sql("insert into karez.request (id, digest, actor) select gen_random_uuid (),"
            " repeat (md5 (random ()::text), 8), 'x' from generate_series (1, 60000)", superuser(name))
        ctl(hub, 'backup', backup)
        ask(hub, 'POST', '/people', {**PERSON, 'id': str(uuid.uuid4()), 'login': 'later'})
        hub.stop()
        before = sql('select count(*) from karez.event', superuser(name))
        cut = 0
        for delay in (0.05, 0.15, 0.3, 0.5, 0.8, 1.2):
            with subprocess.Popen([KAREZCTL, '--config', hub.config, 'restore', '--yes', '--replace',
                                   backup], stderr=subprocess.DEVNULL) as process:
                time.sleep(delay)
                process.send_signal(signal.SIGKILL)
                cut += process.wait() == -signal.SIGKILL
            until('nobody to be left', lambda: sql(
                f"select count(*) from pg_stat_activity where datname = '{name}'") == '0')
            if cut and sql('select count(*) from karez.event', superuser(name)) != before:
                break
        left = sql("select count(*) from web.account where login = 'later'", superuser(name))
        total = int(sql('select count(*) from karez.event', superuser(name)))
        assert (left == '1') == (total == int(before)), (left, total, before)
        assert cut >= 3, cut
        hub.start()


def test_failed_restore_is_told():
    """The database refuses what comes first, and most of the dump is still to come."""
    with owned('createrole') as (name, hub):
        backup = os.path.join(hub.folder, 'hub.karez')
        hub.start()
        fill(hub, 'Here')
        sql("insert into karez.request (id, digest, actor) select gen_random_uuid (),"
            " repeat (md5 (random ()::text), 8), 'x' from generate_series (1, 20000)", superuser(name))
        ctl(hub, 'backup', backup)
        hub.stop()
        before = sql('select count(*) from karez.event', superuser(name))
        sql("create function public.refuse () returns event_trigger language plpgsql as"
            " $$ begin raise exception 'no table today'; end $$", superuser(name))
        for command in ('DROP SCHEMA', 'CREATE INDEX'):
            sql(f"create event trigger refuse on ddl_command_start when tag in ('{command}')"
                " execute function public.refuse ()", superuser(name))
            said = ctl(hub, 'restore', '--yes', '--replace', backup, wanted=1)
            assert 'restore/failed' in said and 'no table today' in said, said
            assert sql('select count(*) from karez.event', superuser(name)) == before
            sql('drop event trigger refuse', superuser(name))
        ctl(hub, 'restore', '--yes', '--replace', backup)


def test_backup_is_whole_or_not_there():
    """What was there before stays until the new one is complete; a second backup takes its place."""
    with owned('createrole') as (name, hub):
        backup = os.path.join(hub.folder, 'hub.karez')
        hub.start()
        ctl(hub, 'backup', backup)
        first = open(backup, 'rb').read()
        sql(f'create table karez.secret (); alter table karez.secret owner to hub; '
            f'revoke all on karez.secret from {name}', superuser(name))
        said = ctl(hub, 'backup', backup, wanted=1)
        assert 'backup/dump' in said and 'secret' in said, said
        assert open(backup, 'rb').read() == first
        assert not [one for one in os.listdir(hub.folder) if 'partial' in one]
        sql('drop table karez.secret', superuser(name))
        ctl(hub, 'backup', backup)
        assert open(backup, 'rb').read() != first
        unreachable = os.path.join(hub.folder, 'nowhere', 'hub.karez')
        assert 'backup/write' in ctl(hub, 'backup', unreachable, wanted=1)



def test_a_backup_replaces_backups_alone():
    """A name that was mistaken costs nobody a configuration, a key or a socket."""
    with owned('createrole') as (_, hub):
        hub.start()
        backup = os.path.join(hub.folder, 'hub.karez')
        paths = {name: os.path.join(hub.folder, name)
                 for name in ('folder', 'pipe', 'link', 'dangling', 'text', 'archive', 'empty')}
        os.makedirs(paths['folder'])
        os.mkfifo(paths['pipe'])
        os.symlink(hub.config, paths['link'])
        os.symlink(os.path.join(hub.folder, 'nothing'), paths['dangling'])
        with open(paths['text'], 'w', encoding='utf-8') as file:
            file.write('x' * 2000)
        with tarfile.open(paths['archive'], 'w', format=tarfile.USTAR_FORMAT) as tar:
            tar.add(hub.config, 'karez.conf')
        for path in (hub.config, os.path.join(hub.state, 'identity.pem'), hub.socket,
                     paths['folder'], paths['folder'] + '/', paths['pipe'], paths['link'], paths['dangling'],
                     paths['text'], paths['archive']):
            before = os.lstat(path)
            said = ctl(hub, 'backup', path, wanted=1)
            after = os.lstat(path)
            assert 'backup/target' in said and 'accepted: ' in said and path in said, (path, said)
            assert (after.st_ino, after.st_mtime_ns, after.st_size) == (
                before.st_ino, before.st_mtime_ns, before.st_size), path
        open(paths['empty'], 'wb').close()
        for path in (paths['empty'], backup, backup):
            ctl(hub, 'backup', path)
            manifest(path)
        # A pipe without a writer keeps nobody waiting.
        assert 'backup/file' in ctl(hub, 'restore', paths['pipe'], '--yes', wanted=1)


def test_a_backup_that_is_killed_leaves_nothing():
    with owned('createrole') as (name, hub):
        backup = os.path.join(hub.folder, 'hub.karez')
        hub.start()
        # Of an older program, and of one that runs.
        ended = subprocess.Popen(['true'])
        ended.wait()
        for process in (ended.pid, os.getpid()):
            open(f'{backup}.partial-{process}', 'wb').close()
        ctl(hub, 'backup', backup)
        left = [one for one in os.listdir(hub.folder) if 'partial' in one]
        assert left == [f'hub.karez.partial-{os.getpid()}'], left
        os.remove(os.path.join(hub.folder, left[0]))
        whole = os.stat(backup)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
            with subprocess.Popen(['psql', '-XqAt', '-d', superuser(name)], stdin=subprocess.PIPE,
                                  text=True) as holder:
                holder.stdin.write('begin; lock table web.account in access exclusive mode;\n')
                holder.stdin.flush()
                until('the lock', lambda: sql(
                    "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted"
                    " and relation = 'web.account'::regclass", superuser(name)) != '0')
                with subprocess.Popen([KAREZCTL, '--config', hub.config, 'backup', backup],
                                      stderr=subprocess.DEVNULL) as process:
                    until('the copy to wait', lambda: sql(
                        "select count(*) from pg_locks where not granted"
                        " and relation = 'web.account'::regclass", superuser(name)) != '0')
                    process.send_signal(number)
                    assert process.wait(10) == -number
                holder.stdin.close()
            assert not [one for one in os.listdir(hub.folder) if 'partial' in one], number
            assert os.stat(backup).st_ino == whole.st_ino


def test_a_backup_without_standard_files():
    """Nothing that is told gets into the file, whichever of them somebody's cron has closed."""
    with owned('createrole') as (_, hub):
        backup = os.path.join(hub.folder, 'hub.karez')
        hub.start()
        for closed in ('<&-', '>&-', '2>&-', '<&- >&- 2>&-'):
            done = subprocess.run(['sh', '-c', f'"$0" --config "$1" backup "$2" {closed}', KAREZCTL,
                                   hub.config, backup], capture_output=True, check=False)
            assert done.returncode == 0, (closed, done)
            with open(backup, 'rb') as file:
                assert file.read()[-1024:] == bytes(1024), closed
            manifest(backup)


if __name__ == '__main__':
    sys.exit(karezd.run([value for key, value in list(globals().items())
                         if key.startswith('test_') and value]))
