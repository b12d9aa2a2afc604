#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""karezd's start and end as systemd meets them: what it cannot do without ends it with the reason,
what it can do without does not.

test-karezd.py BUILD [TEST…]      KAREZ_TEST_DATABASE: a database of its own"""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid

import karezd
from karezd import Karezd, sql, until


@contextlib.contextmanager
def hub(**settings):
    made = Karezd(**settings)
    try:
        yield made
    finally:
        made.remove()


def assert_ends(it, *words, status=1, seconds=25):
    """It ends by itself with this status and these words: the fault was to wait for ever, and a new
    database is migrated first on a machine that may be busy."""
    began = time.monotonic()
    it.spawn()
    code = it.ends(seconds)
    said = it.said()
    assert code == status, f'status {code}\n{said}'
    for word in words:
        assert word in said, f'no “{word}” in\n{said}'
    assert 'CRITICAL' not in said, said
    assert time.monotonic() - began < seconds


@contextlib.contextmanager
def listening(port):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(('127.0.0.1', port))
        taken.listen()
        yield


def test_web_port_is_taken():
    with hub() as it, listening(it.settings['Web', 'Port']):
        assert_ends(it, 'cannot start', 'karez.conf:7: [Web] Port: ', str(it.settings['Web', 'Port']))


def test_peers_port_is_taken():
    with hub() as it, listening(it.settings['Peers', 'Port']):
        assert_ends(it, 'cannot start', 'karez.conf:11: [Peers] Port: ', str(it.settings['Peers', 'Port']), seconds=3)


def test_private_database_ends_with_a_failed_start():
    """What this start began is not left behind; what a hub that was ready left is adopted."""
    def servers():
        found = []
        for name in os.listdir('/proc'):
            with contextlib.suppress(OSError):
                if name.isdigit() and os.readlink(f'/proc/{name}/cwd').startswith(it.state):
                    found.append(name)
        return found

    with hub(database=False) as it:
        # What is opened after the database.
        os.makedirs(os.path.join(it.runtime, 'workers.sock', 'x'))
        assert_ends(it, 'cannot start', 'workers', seconds=60)
        assert 'The database is there.' in it.said(), it.said()
        assert not servers()


def test_local_socket_is_taken():
    with hub() as it, socket.socket(socket.AF_UNIX) as taken:
        os.makedirs(it.runtime)
        taken.bind(it.socket)
        taken.listen()
        assert_ends(it, 'cannot start', it.socket)


def test_local_socket_is_a_directory():
    with hub() as it:
        os.makedirs(it.socket)
        assert_ends(it, 'cannot start', it.socket)


def test_workers_socket_is_a_directory():
    with hub() as it:
        os.makedirs(os.path.join(it.runtime, 'workers.sock', 'x'))
        assert_ends(it, 'cannot start', 'workers')


def test_state_cannot_be_written():
    with hub() as it:
        blocked = os.path.join(it.folder, 'file')
        open(blocked, 'w', encoding='utf-8').close()
        it.settings['Hub', 'State'] = blocked + '/state'
        assert_ends(it, 'cannot start', blocked)
        it.settings['Hub', 'State'] = it.state
        it.settings['Hub', 'Runtime'] = blocked + '/run'
        assert_ends(it, 'cannot start', blocked)


def test_state_is_in_use():
    with hub() as it, hub() as other:
        it.start()
        other.settings['Hub', 'State'] = it.state
        assert_ends(other, 'cannot start', 'karez.conf:3: [Hub] State: ', str(it.process.pid))
        # The very same file: nothing of the first is touched.
        other.settings = it.settings
        assert_ends(other, 'cannot start', 'karez.conf:3: [Hub] State: ', str(it.process.pid), seconds=3)
        assert it.ask('GET', '/hello')[0] == 200
        assert it.stop() == 0


def test_identity_is_damaged():
    with hub() as it:
        it.start().stop()
        keys = [name for name in os.listdir(it.state) if name.endswith('.pem')]
        assert keys, os.listdir(it.state)
        for name in keys:
            with open(os.path.join(it.state, name), 'w', encoding='utf-8') as file:
                file.write('nonsense\n')
        assert_ends(it, 'karez.conf:3: [Hub] State: ', 'identity.pem', status=2)


def test_configuration_is_wrong():
    with hub(Web__Port='x') as it:
        assert_ends(it, 'karez.conf:7: [Web] Port: ', status=2)
    with hub(Nonsense__Key='1') as it:
        assert_ends(it, '[Nonsense]: ', status=2)
    with hub(Database__Connection='host=/nonexistent nonsense=1') as it:
        assert_ends(it, 'cannot start', 'nonsense', status=2)


def test_migration_of_the_hub_is_edited():
    with hub() as it:
        it.start().stop()
        sql("update karez.migration set sha256 = 'x' where schema = 'agenda' and number = 1")
        assert_ends(it, 'cannot start', 'agenda/0001')


def test_database_is_another_hubs():
    with hub() as it, hub() as other:
        it.start().stop()
        assert_ends(other, 'cannot start', 'another hub')


def test_end_while_it_starts():
    """A signal at any moment of the start ends it, without a critical."""
    with hub() as it:
        assert it.start().stop() == 0
        for wait in (0, 0.05, 0.1, 0.2, 0.4):
            it.spawn(G_DEBUG='fatal-criticals')
            time.sleep(wait)
            status = it.stop()
            # Before it listens for signals, one just ends it.
            assert status in (0, -signal.SIGTERM), (wait, status)


def test_database_comes_later():
    """One that is only away is waited for, and the desk is there meanwhile."""
    name = os.environ['PGDATABASE']
    with hub() as it:
        it.settings['Database', 'Connection'] = (
            os.environ['KAREZ_TEST_DATABASE'].replace('port=5432', 'port=5499'))
        it.spawn()
        until('the hub to wait', lambda: 'waiting for the database' in it.said())
        assert name and it.stop() == 0


def may_mount():
    return os.geteuid() == 0 and subprocess.run(
        ['unshare', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'],
        capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def small_disk(path):
    """A disk of its own at this path, which can be filled; only root can make one. On ext4 a new
    directory needs room, too; where no loop device is to be had it is a tmpfs, on which it does not."""
    os.makedirs(path)
    image = path + '.img'
    with open(image, 'wb') as file:
        file.truncate(256 << 20)
    on_ext4 = shutil.which('mkfs.ext4') and all(subprocess.run(
        words, capture_output=True, check=False).returncode == 0 for words in (
            ['mkfs.ext4', '-q', '-m', '0', image], ['mount', '-o', 'loop', image, path]))
    if not on_ext4:
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=256m,mode=0755', 'tmpfs', path], check=True)
    try:
        yield os.path.join(path, 'fill')
    finally:
        subprocess.run(['umount', '--lazy', path], check=True)


def fill(path):
    for size in (1 << 20, 1 << 10):
        with contextlib.suppress(OSError), open(f'{path}.{size}', 'wb', buffering=0) as file:
            while file.write(bytes(size)):
                pass


def add_organisation(it):
    """A new one's id, or None when there is no room for it."""
    made = str(uuid.uuid4())
    status, answer = it.ask('POST', '/organisations', {
        'id': made, 'level': 'village', 'names': {'en': 'A' * 200}})
    assert status == 201 or answer['rule'] == 'database/disk', answer
    return made if status == 201 else None


def test_disk_is_full():
    """It is said, nothing is half done, and a hub that starts then waits for room."""
    with hub(database=False) as it, small_disk(os.path.join(it.folder, 'disk')) as stuff:
        it.settings['Hub', 'State'] = os.path.join(it.folder, 'disk', 'state')
        try:
            it.start()
            assert it.ask('GET', '/system')[1]['disk']['state'] == 'enough'
            fill(stuff)
            until('the hub to see it', lambda: it.ask('GET', '/system')[1]['disk']['state'] == 'full')
            code, out, _ = it.ctl('status')
            assert code == 0 and 'full' in out, out
            assert 'the disk is full' in it.said(), it.said()
            # There is some room left in what the database has already.
            known = [add_organisation(it) for _ in range(400)]
            assert None in known, 'everything was added'
            known = [one for one in known if one]
            end_database(it)
            it.stop()
            it.spawn()
            until('it to wait for room', lambda: 'waiting for the database' in it.said())
            time.sleep(1)
            assert it.process.poll() is None, it.said()
            for name in os.listdir(os.path.dirname(stuff)):
                if name.startswith('fill.'):
                    os.unlink(os.path.join(os.path.dirname(stuff), name))
            until('it to go on', lambda: 'ready at' in it.said())
            assert add_organisation(it)
            listed = {one['id'] for one in it.ask('GET', '/organisations')[1]['items']}
            assert listed > set(known) and len(listed) == len(known) + 1, (known, listed)
        finally:
            it.stop()
            end_database(it)


def end_database(it):
    """The private one, which outlives its hub."""
    with contextlib.suppress(OSError):
        with open(os.path.join(it.settings['Hub', 'State'], 'postgres/postmaster.pid'), encoding='utf-8') as file:
            pid = int(file.readline())
        os.kill(pid, signal.SIGINT)
        until('PostgreSQL to end', lambda: not os.path.exists(
            os.path.join(it.settings['Hub', 'State'], 'postgres/postmaster.pid')))


def assert_without(it, name, *words):
    """The hub is ready without the plugin, and says so wherever somebody looks."""
    it.start()
    plugin = it.plugin(name)
    assert plugin['state'] in ('refused', 'failed'), plugin
    code, out, _ = it.ctl('plugins', 'list')
    assert code == 0
    for word in words:
        assert word in plugin['reason'], plugin
        assert word in out, out
        assert word in it.said(), it.said()
    assert it.ask('GET', '/hello')[0] == 200
    assert it.stop() == 0


def test_migration_of_a_plugin_is_edited():
    with hub() as it:
        it.start().stop()
        sql("update karez.migration set sha256 = 'x' where schema = 'template' and number = 1")
        assert_without(it, 'template', 'template/0001')


def test_migration_of_a_plugin_fails():
    with hub() as it:
        sql('create schema template; create table template.note (x integer)')
        assert_without(it, 'template', 'template/0001')
        sql('drop schema template cascade')
        assert it.start().plugin('template')['state'] == 'enabled'


def test_database_of_a_plugin_is_newer():
    with hub() as it:
        it.start().stop()
        sql("insert into karez.migration select schema, 77, '0077-x.sql', sha256, '9' "
            "from karez.migration where schema = 'template' and number = 1")
        assert_without(it, 'template', 'template/0077')


def test_statement_of_a_plugin_is_wrong():
    with hub() as it:
        it.start().stop()
        table = sql("select tablename from pg_tables where schemaname = 'template' limit 1")
        sql(f'alter table template.{table} rename to gone')
        assert_without(it, 'template', 'template.')


def test_statement_of_a_plugin_breaks_while_the_hub_runs():
    """Connections that are made again come without that plugin's statements."""
    with hub() as it:
        it.start()
        table = sql("select tablename from pg_tables where schemaname = 'template' limit 1")
        sql(f'alter table template.{table} rename to gone')
        sql("select pg_terminate_backend (pid) from pg_stat_activity "
            "where application_name = 'karezd' and datname = current_database ()")
        until('the hub to answer from its database',
              lambda: it.ask('GET', '/system')[1]['database']['state'] == 'up')
        assert it.ask('GET', '/people')[0] == 200
        assert it.process.poll() is None and it.stop() == 0


def readable(it):
    """The template, with notes that the local administrator may read."""
    built = os.path.join(karezd.BUILD, 'plugins/template')
    folder = os.path.join(it.folder, 'plugins')
    os.makedirs(folder)
    for name in ('template-plugin.so', 'template-modality.so'):
        os.symlink(os.path.join(built, name), os.path.join(folder, name))
    with open(os.path.join(built, 'template.plugin'), encoding='utf-8') as file:
        text = file.read().replace('note.read=desk;', 'note.read=administrator;desk;')
    with open(os.path.join(folder, 'template.plugin'), 'w', encoding='utf-8') as file:
        file.write(text)
    it.settings['Plugins', 'Path'] = folder


def test_mistake_of_a_plugin_is_listed():
    """A statement that fails while the hub runs: the plugin goes on, and the list says what is wrong."""
    with hub() as it:
        readable(it)
        it.start()
        assert 'mistakes' not in it.plugin('template')
        sql('alter table template.note rename column revision to gone')
        for count in (1, 2):
            status, answer = it.ask('GET', f'/x/template/sessions/{uuid.uuid4()}/note')
            assert status == 500 and answer['rule'] == 'database/statement', answer
            plugin = it.plugin('template')
            assert plugin['state'] == 'enabled', plugin
            assert plugin['mistakes']['count'] == count, plugin
        assert plugin['mistakes']['statement'] == 'template.note_by_session', plugin
        assert plugin['mistakes']['rule'] == 'database/statement' and plugin['mistakes']['at'], plugin
        code, out, _ = it.ctl('plugins', 'list')
        assert code == 0 and 'template.note_by_session' in out, out
        # What is nobody's mistake is not counted.
        sql('alter table template.note rename column gone to revision')
        assert it.ask('GET', f'/x/template/sessions/{uuid.uuid4()}/note')[0] in (200, 404)
        assert it.plugin('template')['mistakes']['count'] == 2
        it.stop()
        assert 'mistakes' not in it.start().plugin('template')


def test_key_file_is_damaged():
    with hub() as it:
        folder = os.path.join(it.folder, 'plugins')
        os.makedirs(folder)
        with open(os.path.join(folder, 'bad.plugin'), 'wb') as file:
            file.write(b'[Plugin]\nId=\xff\n')
        it.settings['Plugins', 'Path'] = folder + ';' + it.settings['Plugins', 'Path']
        it.start()
        assert it.plugin('bad.plugin')['state'] == 'refused'
        assert it.plugin('template')['state'] == 'enabled'


def test_disable_while_the_hub_is_down():
    with hub() as it:
        it.start().stop()
        code, out, err = it.ctl('plugins', 'disable', 'template', '--reason', 'It crashes here')
        assert code == 0, (out, err)
        plugin = it.start().plugin('template')
        assert plugin['state'] == 'disabled' and 'It crashes here' in plugin['reason'], plugin
        assert sql("select count(*) from karez.event where action = 'plugin.disable'") == '1'
        it.stop()
        assert it.start().plugin('template')['state'] == 'disabled'
        assert it.ctl('plugins', 'enable', 'template')[0] == 0
        it.stop()
        assert it.start().plugin('template')['state'] == 'enabled'


def test_disable_refuses_names():
    with hub() as it:
        it.start().stop()
        for name in ('../x', 'A', ''):
            assert it.ctl('plugins', 'disable', name, '--reason', 'x')[0] != 0, name
        assert not [name for name in os.listdir(it.state) if name.startswith('x')]


def harmful(it, behaviour):
    """Gives the hub a plugin "good" that does harm."""
    folder = os.path.join(it.folder, 'plugins')
    os.makedirs(folder)
    os.symlink(os.path.join(karezd.BUILD, 'tests/engine/module-control.so'),
               os.path.join(folder, 'module-control.so'))
    with open(os.path.join(folder, 'good.plugin'), 'w', encoding='utf-8') as file:
        file.write('[Plugin]\nId=good\nName=Good\nVersion=1\nApi=1.0\nControl=module-control\n'
                   '[Grants]\nServices=routes;settings;\nRoutes=/x/good/\n'
                   f'[Settings]\nBehaviour={behaviour}\n')
    it.settings['Plugins', 'Path'] = folder + ';' + it.settings['Plugins', 'Path']


def assert_dies(it, seconds=5, number=signal.SIGABRT):
    """It ends by a signal, soon."""
    code = it.ends(seconds)
    assert code == -number, (code, it.said())


def assert_harmed(path, word, call='route', number=signal.SIGABRT):
    with hub() as it:
        harmful(it, 'harmful')
        it.start()
        with contextlib.suppress(OSError, karezd.http.client.HTTPException):
            it.ask('GET', path)
        assert_dies(it, 12, number)
        said = it.said()
        plugin = it.start().plugin('good')
        assert plugin['state'] == 'enabled', plugin
        assert call in plugin['last_fault'] and word in plugin['last_fault'], plugin
        assert '“good”' in said + it.said(), said + it.said()
        code, out, _ = it.ctl('plugins', 'list')
        assert code == 0 and call in out, out
        with contextlib.suppress(OSError, karezd.http.client.HTTPException):
            it.ask('GET', path)
        assert_dies(it, 12, number)
        plugin = it.start().plugin('good')
        assert plugin['state'] == 'disabled' and call in plugin['reason'], plugin
        assert sql("select count(*) from karez.event where action = 'plugin.disable'") == '1'
        assert it.ask('GET', path)[0] in (404, 503)
        it.stop()
        assert it.start().plugin('good')['state'] == 'disabled'
        assert it.ctl('plugins', 'enable', 'good')[0] == 0
        it.stop()
        assert it.start().plugin('good')['state'] == 'enabled'


def test_plugin_crashes_in_a_route():
    """The plugin is named, and the second time disabled."""
    assert_harmed('/x/good/crash', 'crashed')


def test_plugin_blocks_in_a_route():
    assert_harmed('/x/good/block', 'blocked')


def assert_named(path, number, word='crashed'):
    """What crashes or blocks while nobody calls the plugin is named all the same."""
    with hub() as it:
        harmful(it, 'harmful')
        it.start()
        with contextlib.suppress(OSError, karezd.http.client.HTTPException):
            it.ask('GET', path)
        assert_dies(it, 12, number)
        plugin = it.start().plugin('good')
        assert f'{word} in “code of its own”' in plugin['last_fault'], plugin
        assert 'last_fault' not in it.plugin('template')


@karezd.without_sanitizer  # signals are its own
def test_plugin_crashes_in_a_timer():
    assert_harmed('/x/good/timer', 'crashed', 'code of its own', signal.SIGSEGV)


@karezd.without_sanitizer  # signals are its own
def test_plugin_crashes_in_a_library():
    assert_named('/x/good/idle', signal.SIGTRAP)


@karezd.without_sanitizer  # signals are its own
def test_plugin_crashes_in_a_thread():
    assert_named('/x/good/thread', signal.SIGABRT)


@karezd.without_sanitizer  # signals are its own
def test_plugin_blocks_in_a_timer():
    assert_named('/x/good/stall', signal.SIGABRT, 'blocked')


def test_nobody_is_named_for_another_end():
    """A signal from outside while no plugin's code runs."""
    with hub() as it:
        harmful(it, 'harmful')
        it.start().stop(signal.SIGABRT)
        it.start()
        assert 'last_fault' not in it.plugin('good') and 'last_fault' not in it.plugin('template')


def test_plugin_crashes_at_each_start():
    """The hub is there at the third start, without the plugin."""
    with hub() as it:
        harmful(it, 'crash in enable')
        for _ in range(2):
            it.spawn()
            assert_dies(it, 15)
        plugin = it.start().plugin('good')
        assert plugin['state'] == 'disabled' and 'enable' in plugin['reason'], plugin


if __name__ == '__main__':
    sys.exit(karezd.run([value for name, value in list(globals().items())
                         if name.startswith('test_') and value
                         # Disks of its own are root's to make.
                         and (value is not test_disk_is_full or may_mount())]))
