# SPDX-License-Identifier: LGPL-2.1-or-later
"""One karezd as a process, for tests: its files, its log, its local socket."""
import contextlib
import http.client
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

BUILD = sys.argv[1]
KAREZD = os.path.join(BUILD, 'hub/daemon/karezd')
KAREZCTL = os.path.join(BUILD, 'hub/ctl/karezctl')
WORKER = os.path.join(BUILD, 'hub/worker/karez-worker')


PORTS_EACH = 50
drawn = itertools.count()


def free_port():
    """A port that nobody listens on now, of those that the system gives to no connection that goes
    out: a hub that is started again must get its own. Each test has a stretch of them by its process
    id, and draws none twice in a row: one that was drawn is not listened on yet."""
    while True:
        port = 20000 + os.getpid() % (12000 // PORTS_EACH) * PORTS_EACH + next(drawn) % PORTS_EACH
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(('127.0.0.1', port))
            return port


def until(what, ask, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f'waited {seconds} s for {what}')


def sql(text, database=None):
    done = subprocess.run(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d',
                           database or os.environ['KAREZ_TEST_DATABASE'], '-c', text],
                          text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class LocalConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('localhost', timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


class Karezd:
    """A hub with a database of the test's, or a private one; its files are in a scratch folder."""

    def __init__(self, database=True, plugins='plugins/template', **settings):
        self.folder = tempfile.mkdtemp(prefix='karezd-')
        os.chmod(self.folder, 0o711)
        self.config = os.path.join(self.folder, 'karez.conf')
        self.log = os.path.join(self.folder, 'log')
        self.state = os.path.join(self.folder, 'state')
        self.runtime = os.path.join(self.folder, 'run')
        self.socket = os.path.join(self.runtime, 'karezd.sock')
        self.settings = {
            ('Hub', 'Name'): 'Test', ('Hub', 'State'): self.state, ('Hub', 'Runtime'): self.runtime,
            ('Web', 'Listen'): '127.0.0.1', ('Web', 'Port'): free_port(),
            ('Web', 'Origin'): 'http://localhost', ('Peers', 'Listen'): '127.0.0.1',
            ('Peers', 'Port'): free_port(),
            ('Plugins', 'Path'): os.path.join(BUILD, plugins), ('Link', 'Address'): '127.0.0.1',
            ('Media', 'Address'): '127.0.0.1',
        }
        if database:
            self.settings['Database', 'Connection'] = os.environ['KAREZ_TEST_DATABASE']
        self.settings.update({tuple(key.split('__')): value for key, value in settings.items()})
        self.process = None

    def write(self):
        groups = {}
        for (group, key), value in self.settings.items():
            groups.setdefault(group, []).append(f'{key}={value}\n')
        with open(self.config, 'w', encoding='utf-8') as file:
            for group, lines in groups.items():
                file.write(f'[{group}]\n' + ''.join(lines))

    def spawn(self, prefix=(), **environment):
        self.write()
        with open(self.log, 'w', encoding='utf-8') as out:
            self.process = subprocess.Popen(
                [*prefix, KAREZD, '--config', self.config], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                env={**os.environ, 'KAREZ_WORKER': WORKER, **environment})
        return self.process

    def said(self):
        with open(self.log, encoding='utf-8', errors='replace') as file:
            return file.read()

    def start(self, prefix=(), **environment):
        """Until it is ready; an end before is the test's failure."""
        self.spawn(prefix, **environment)

        def ready():
            assert self.process.poll() is None, f'karezd ended: {self.process.returncode}\n{self.said()}'
            return 'ready at' in self.said()
        until('the hub to be ready', ready)
        return self

    def ends(self, seconds=15):
        """Its exit status, of a hub that must end by itself."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError('karezd does not end:\n' + self.said()) from None

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.ends()
        open(self.log, 'w', encoding='utf-8').close()
        return status

    def ask(self, method, path, body=None):
        """Status and JSON, over the administrator's local socket."""
        connection = LocalConnection(self.socket)
        connection.request(method, '/api/v1' + path, json.dumps(body) if body is not None else None,
                           {'Content-Type': 'application/json', 'Idempotency-Key': str(uuid.uuid4())})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text else None

    def plugin(self, name):
        status, answer = self.ask('GET', '/plugins')
        assert status == 200, answer
        return next(item for item in answer['items'] if item['id'] == name)

    def ctl(self, *arguments):
        done = subprocess.run([KAREZCTL, '--config', self.config, *arguments], text=True,
                              capture_output=True, timeout=30, check=False,
                              env={**os.environ, 'LC_ALL': 'C.UTF-8', 'LANGUAGE': ''})
        return done.returncode, done.stdout, done.stderr

    def remove(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def superuser(name):
    return re.sub('dbname=[^ ]+', f'dbname={name}', os.environ['KAREZ_TEST_DATABASE'])


@contextlib.contextmanager
def owned(attributes='', owns=True):
    """A role, and a database of its own or where it is a guest: their name and a hub on it."""
    name = 'owner_' + uuid.uuid4().hex[:12]
    sql(f'create role {name} login {attributes}')
    sql(f'create database {name}' + (f' owner {name}' if owns else ''))
    connection = re.sub('user=[^ ]+', f'user={name}', superuser(name))
    hub = Karezd(Database__Connection=connection)
    try:
        yield name, hub
    finally:
        hub.remove()
        sql(f'drop database {name} with (force)')
        sql(f'drop role {name}')


def ask(hub, method, path, body=None, wanted=(200, 201, 204)):
    status, answer = hub.ask(method, path, body)
    assert status in wanted, (method, path, status, answer)
    return answer


def hub_id(hub):
    return ask(hub, 'GET', '/hello')['hub']


def partner(hub):
    peers = [one for one in ask(hub, 'GET', '/peers')['items'] if one['state'] != 'revoked']
    return peers[0] if peers else None


def confirm(one, other):
    """The pairing, as two administrators do it."""
    address = f"127.0.0.1:{other.settings['Peers', 'Port']}"
    begun = ask(one, 'POST', '/pairings', {'address': address})
    theirs = until('the pairing at the other hub', lambda: next(
        (item for item in ask(other, 'GET', '/pairings')['items'] if item['shown']), None))
    ours = until('the string', lambda: next(
        (item for item in ask(one, 'GET', '/pairings')['items']
         if item['id'] == begun['id'] and item['shown']), None))
    ask(one, 'POST', f"/pairings/{begun['id']}/confirm", {'string': theirs['shown']})
    ask(other, 'POST', f"/pairings/{theirs['id']}/confirm", {'string': ours['shown']})


def without_sanitizer(test):
    """A test of what a sanitizer has for itself in a build with one."""
    return None if 'ASAN_OPTIONS' in os.environ else test


def reset(database=None):
    """The test's database as if it were new."""
    for schema in sql("select nspname from pg_namespace where nspname !~ '^(pg_|information_schema)'",
                      database).split():
        sql(f'drop schema {schema} cascade', database)
    sql('create schema public', database)


def run(tests):
    """As TAP; with names on the command line, those."""
    chosen = sys.argv[2:]
    tests = [test for test in tests if not chosen or test.__name__ in chosen]
    print(f'1..{len(tests)}', flush=True)
    failed = 0
    for number, test in enumerate(tests, 1):
        name = test.__name__.removeprefix('test_').replace('_', '-')
        try:
            reset()
            test()
            print(f'ok {number} {name}', flush=True)
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print('\n'.join('# ' + line for line in repr(error).replace('\\n', '\n').splitlines()))
            print(f'not ok {number} {name}', flush=True)
    return 1 if failed else 0
