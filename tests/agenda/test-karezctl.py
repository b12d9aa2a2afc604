#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""karezctl as a script meets it: exit codes, what is told, and a hub that says all kinds of things.

test-karezctl.py KAREZCTL      KAREZ_TEST_DATABASE: for migrate"""
import http.server
import json
import os
import socketserver
import subprocess
import sys
import tempfile
import threading

KAREZCTL = sys.argv[1]
WORK = tempfile.mkdtemp(prefix='karez-ctl-')
SOCKET = os.path.join(WORK, 'karezd.sock')
PROBLEM = {'type': '/problems/agenda/overlap', 'title': 'Not possible now', 'status': 409,
           'detail': 'Room 1 is taken', 'rule': 'agenda/overlap', 'accepted': '2026-11-24/2026-11-25'}
PERSON = {'id': '0193a000-0000-7000-8000-000000000001', 'login': 'desk.aral', 'title': {},
          'names': {'en': 'Desk', 'zh_CN': '协调台'}, 'roles': ['desk'], 'active': True}


class Hub(http.server.BaseHTTPRequestHandler):
    """Answers with what the test put into `answers`, and keeps what it was asked."""
    answers = {}
    asked = []

    def answer(self):
        length = int(self.headers.get('Content-Length') or 0)
        body = self.rfile.read(length).decode()
        Hub.asked.append((self.command, self.path, dict(self.headers), body))
        status, text = Hub.answers.get((self.command, self.path.split('?')[0]), (404, '{}'))
        text = text if isinstance(text, str) else json.dumps(text)
        self.send_response(status)
        self.send_header('Content-Length', str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def address_string(self):
        return 'local'

    def log_message(self, *arguments):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def run(*arguments, stdin='', language='C.UTF-8'):
    Hub.asked.clear()
    environment = dict(os.environ, LC_ALL=language, LANGUAGE='')
    done = subprocess.run([KAREZCTL, '--socket', SOCKET, *arguments], input=stdin, text=True,
                          capture_output=True, timeout=60, env=environment)
    return done.returncode, done.stdout, done.stderr


def write(name, text):
    path = os.path.join(WORK, name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    return path


def test_usage():
    for arguments in ([], ['nonsense'], ['users'], ['users', 'add'], ['pair', 'confirm', '1'],
                      ['sessions', 'stop', '1'], ['plugins', 'put-aside', 'x'],
                      ['audit', 'list', '--what', '1'], ['status', 'now'], ['migrate', 'x'],
                      ['--nonsense'], ['demo', 'load'], ['demo', 'load', 'nowhere']):
        code, out, err = run(*arguments)
        assert code == 2, (arguments, code)
        assert err and not out, arguments
    assert not Hub.asked


def test_texts():
    """What cannot be kept is refused before the hub is asked, and it is said which argument it was."""
    def add(*names):
        return run('users', 'add', 'li', '--role', 'desk', *names, stdin='seven wells of water\n')
    Hub.answers = {('POST', '/api/v1/people'): (201, {'id': 'x'})}
    for arguments, where in (
            (('users', 'add', b'l\xff', '--name', 'Li', '--role', 'desk'), '3'),
            (('users', 'add', 'li', '--name', b'L\xed\xa0\xbd', '--role', 'desk'), '5'),
            (('--json', 'users', 'add', 'li', '--name', 'L\x1b[2J', '--role', 'desk'), '6'),
            (('sessions', 'stop', '1', '--reason', b'\xc3('), '5'),
            (('sessions', 'stop', '1', b'--reason=\xff'), '4'),
            (('plugins', 'put-aside', 'x', '--reason', 'slow\x07'), '5'),
            (('audit', 'list', '--actor', b'\xfe'), '4'),
            (('pair', 'expect', b'127.0.0.\xb1'), '3')):
        # The test's own --socket and its value come first.
        code, out, err = run(*arguments)
        assert code == 2 and not out, (arguments, code, err)
        assert f'argument {int(where) + 2}:' in err and 'accepted: ' in err, (arguments, err)
    for option in ('--name', '--name-zh', '--name-ug'):
        for name in (' ', '\u200b\ufeff', 'Li\nWang', 'Li\tWang', 'Li\u2028Wang', 'Li\u202eWang', '\u0301'):
            names = (option, name) if option == '--name' else ('--name', 'Li', option, name)
            code, out, err = add(*names)
            assert code == 2 and not out and f'{option}: ' in err and 'accepted: ' in err, (names, code, err)
    for password in (b'seven wells\xff of water\n', b'seven\0 wells of water\n', b'\n'):
        done = subprocess.run([KAREZCTL, '--socket', SOCKET, 'users', 'add', 'li', '--name', 'Li',
                               '--role', 'desk'], input=password, capture_output=True, timeout=60)
        assert done.returncode == 2 and b'UTF-8' in done.stderr, (password, done.stderr)
    assert not Hub.asked, Hub.asked
    assert add('--name', 'Li', '--name-ug', 'می\u200cخواهم')[0] == 0 and Hub.asked
    config = os.path.join(WORK, 'texts.conf')
    for text, where in ((b'[Hub]\nName=A\0B\n', 'Hub.Name'), (b'[Hub]\nName=\xff\n', 'Hub.Name'),
                        (b'[Hub]\nName[ug]=A\\nB\n', 'Hub.Name[ug]'),
                        (b'[Hub]\nName=\xe2\x80\x8b\n', 'Hub.Name')):
        with open(config, 'wb') as file:
            file.write(text)
        done = subprocess.run([KAREZCTL, '--config', config, 'config'], capture_output=True, timeout=60)
        assert done.returncode == 1, (text, done)
        assert config.encode() in done.stderr and where.encode() in done.stderr, (text, done.stderr)


def test_help():
    code, out, _ = run('--help')
    assert code == 0 and 'audit' in out and 'demo' not in out


def test_statuses():
    for status, code in ((409, 1), (422, 1), (404, 1), (500, 1), (401, 4), (403, 4), (503, 3),
                         (504, 3)):
        Hub.answers = {('GET', '/api/v1/plugins'): (status, PROBLEM)}
        assert run('plugins', 'list')[0] == code, status
    code, _, err = run('plugins', 'list')
    assert 'Room 1 is taken' in err and 'agenda/overlap' in err and '2026-11-24' in err
    code, _, err = run('--json', 'plugins', 'list')
    assert json.loads(err) == PROBLEM


def test_strange_answers():
    for text in ('', 'not json', '[]', '{"items": 7}', '{"items": [1, null]}', '[' * 100 + ']' * 100):
        Hub.answers = {('GET', '/api/v1/plugins'): (200, text)}
        code, _, err = run('plugins', 'list')
        assert code in (0, 1), (text, code, err)
        Hub.answers = {('GET', '/api/v1/' + path): (200, text) for path in (
            'hello', 'system', 'peers', 'people', 'pairings', 'sessions/x', 'events')}
        for words in (['status'], ['users', 'disable', 'x'], ['pair', 'list'],
                      ['sessions', 'show', 'x'], ['audit', 'list'], ['--json', 'status']):
            code, _, err = run(*words)
            assert code in (0, 1), (words, text, code, err)
        Hub.answers = {('GET', '/api/v1/plugins'): (409, text)}
        assert run('plugins', 'list')[0] == 1, text


def test_away():
    done = subprocess.run([KAREZCTL, '--socket', WORK + '/nowhere', 'status'], capture_output=True)
    assert done.returncode == 3 and b'nowhere' in done.stderr


def test_table():
    second = dict(PERSON, id=PERSON['id'][:-1] + '2', login='li',
                  names={'en': 'A longer name', 'zh_CN': '李'})
    Hub.answers = {('GET', '/api/v1/people'): (200, {'items': [PERSON, second]})}
    code, out, _ = run('users', 'list', language='C.UTF-8')
    lines = out.splitlines()
    assert code == 0 and len(lines) == 3
    assert lines[0].index('ROLES') == lines[1].index('desk', 10) == lines[2].index('desk')
    code, out, _ = run('--json', 'users', 'list')
    assert json.loads(out)['items'][0]['login'] == 'desk.aral'
    Hub.answers = {('GET', '/api/v1/people'): (200, {'items': [dict(PERSON, login='a\x1b[2Jb')]})}
    assert '\x1b' not in run('users', 'list')[1]


def test_passwords():
    path = '/api/v1/people/' + PERSON['id']
    Hub.answers = {('GET', '/api/v1/people'): (200, {'items': [PERSON]}), ('PUT', path): (204, '')}
    code, _, _ = run('users', 'set-password', 'desk.aral', stdin='seven wells of water\n')
    method, where, headers, body = Hub.asked[-1]
    assert code == 0 and (method, where) == ('PUT', path)
    assert json.loads(body) == {'names': PERSON['names'], 'roles': ['desk'], 'active': True,
                                'password': 'seven wells of water', 'password_final': False}
    assert 'seven' not in json.dumps(headers)
    code, _, _ = run('users', 'set-password', 'desk.aral', '--final', stdin='seven wells of water\n')
    assert code == 0 and json.loads(Hub.asked[-1][3])['password_final'] is True
    assert len(headers['Idempotency-Key']) == 36
    assert run('users', 'set-password', 'desk.aral', stdin='')[0] == 2
    assert run('users', 'set-password', 'nobody', stdin='x\n')[0] == 1
    assert run('users', 'set-password', 'desk.aral', 'on the command line', stdin='x\n')[0] == 2
    Hub.answers[('PUT', path)] = (422, dict(PROBLEM, rule='password/common', pointer='/password'))
    code, _, err = run('users', 'set-password', 'desk.aral', stdin='passwordpassword\n')
    assert code == 1 and 'password/common' in err and 'passwordpassword' not in err
    Hub.answers[('PUT', path)] = (204, '')
    Hub.answers[('POST', '/api/v1/people')] = (201, {'id': PERSON['id']})
    for words, final in (((), False), (('--final',), True)):
        code, out, _ = run('users', 'add', 'gulnar', '--name', 'Gulnar', '--role', 'desk', *words,
                           stdin='seven wells of water\n')
        assert code == 0 and json.loads(Hub.asked[-1][3])['password_final'] is final
        assert ('first sign-in' in out) is not final, out
    Hub.answers[('DELETE', path + '/browsers')] = (204, '')
    assert run('users', 'forget-browsers', 'desk.aral')[0] == 0
    assert Hub.asked[-1][:2] == ('DELETE', path + '/browsers')
    assert run('users', 'forget-browsers', 'nobody')[0] == 1
    assert run('users', 'disable', 'desk.aral')[0] == 0
    assert 'password_final' not in json.loads(Hub.asked[-1][3])
    assert json.loads(Hub.asked[-1][3])['active'] is False


def test_escaping():
    Hub.answers = {}
    run('sessions', 'show', '../../x?y=1')
    assert Hub.asked[-1][1] == '/api/v1/sessions/..%2F..%2Fx%3Fy%3D1'
    run('audit', 'list', '--action', 'a&limit=9')
    assert Hub.asked[-1][1] == '/api/v1/events?action=a%26limit%3D9'


def test_config():
    good = write('good.conf', '[Hub]\nName=Aral\n[Web]\nPort=8801\n')
    bad = write('bad.conf', '[Hub]\nNam=Aral\n')
    done = subprocess.run([KAREZCTL, '--json', '--config', good, 'config'], capture_output=True)
    items = {item['key']: item for item in json.loads(done.stdout)['items']}
    assert items['Web.Port']['value'] == '8801' and items['Web.Port']['from'] == good
    assert items['Hub.State']['from'] == 'default'
    done = subprocess.run([KAREZCTL, '--config', bad, 'config'], capture_output=True, text=True)
    assert done.returncode == 1 and 'Hub.Nam' in done.stderr


def test_migrate():
    conf = write('database.conf', f'[Database]\nConnection={os.environ["KAREZ_TEST_DATABASE"]}\n')
    away = write('away.conf', '[Database]\nConnection=host=/nowhere dbname=x connect_timeout=2\n')

    def migrate(path, *arguments):
        return subprocess.run([KAREZCTL, '--json', '--config', path, 'migrate', *arguments],
                              capture_output=True, text=True, timeout=60)
    before = migrate(conf, '--check')
    assert before.returncode == 1, before
    assert {item['state'] for item in json.loads(before.stdout)['items']} == {'pending'}
    done = migrate(conf)
    assert done.returncode == 0, done
    after = migrate(conf, '--check')
    assert after.returncode == 0, after
    assert {item['state'] for item in json.loads(after.stdout)['items']} == {'applied'}
    assert migrate(away, '--check').returncode == 5
    assert migrate(away).returncode == 5


def test_demo():
    data = write('data.json', json.dumps({
        'organisations': [{'id': 'a'}, {'id': 'b'}], 'patients': [{'id': 'p'}],
        'bookings': [{'id': 'k', 'in_minutes': 60, 'minutes': 30, 'resources': ['r']}],
        'accepts': ['w']}))
    Hub.answers = {('GET', '/api/v1/organisations'): (200, {'items': [{'id': 'a'}]}),
                   ('POST', '/api/v1/organisations'): (201, {'id': 'b'}),
                   ('POST', '/api/v1/patients'): (409, dict(PROBLEM, rule='directory/exists')),
                   ('POST', '/api/v1/bookings'): (409, dict(PROBLEM, rule='agenda/exists')),
                   ('GET', '/api/v1/bookings/w'): (404, dict(PROBLEM, rule='agenda/unknown'))}
    code, out, err = run('--json', 'demo', 'load', data)
    assert code == 0 and json.loads(out) == {'added': 1}, (code, out, err)
    code, out, err = run('--json', 'demo', 'day', data)
    assert code == 0 and json.loads(out) == {'requested': 0, 'accepted': 0}, (code, out, err)
    Hub.answers[('POST', '/api/v1/bookings')] = (409, PROBLEM)
    assert run('demo', 'day', data)[0] == 1
    for name in ('aral', 'hangzhou'):
        Hub.answers = {('GET', '/api/v1/' + part): (200, {'items': []})
                       for part in ('organisations', 'people', 'resources')}
        Hub.answers.update({('POST', '/api/v1/' + part): (201, {'id': 'x'}) for part in (
            'organisations', 'people', 'patients', 'resources')})
        code, out, err = run('--json', 'demo', 'load', name)
        assert code == 0 and json.loads(out)['added'] > 20, (code, out, err)


def main():
    tests = [value for name, value in sorted(globals().items()) if name.startswith('test_')]
    failed = 0
    server = Server(SOCKET, Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f'1..{len(tests)}')
    for number, test in enumerate(tests, 1):
        name = test.__name__[5:].replace('_', '-')
        try:
            test()
            print(f'ok {number} /karezctl/{name}')
        except (AssertionError, ValueError, KeyError, IndexError,
                subprocess.TimeoutExpired) as error:
            failed += 1
            print(f'# {type(error).__name__}: {error}'.replace('\n', ' '))
            print(f'not ok {number} /karezctl/{name}')
    server.shutdown()
    subprocess.run(['rm', '-rf', WORK], check=False)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
