#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""karezctl as a script meets it: exit codes, what is told, and a hub that says all kinds of things.

test-karezctl.py KAREZCTL      KAREZ_TEST_DATABASE: for migrate"""
import http.server
import json
import os
import pty
import select
import signal
import socketserver
import subprocess
import sys
import tempfile
import termios
import threading
import time
import uuid

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
                      ['sessions', 'stop', '1'], ['plugins', 'disable', 'x'],
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
            (('plugins', 'disable', 'x', '--reason', 'slow\x07'), '5'),
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
    for text, where in ((b'[Hub]\nName=A\0B\n', '[Hub] Name'), (b'[Hub]\nName=\xff\n', '[Hub] Name'),
                        (b'[Hub]\nName[ug]=A\\nB\n', '[Hub] Name[ug]'),
                        (b'[Hub]\nName=\xe2\x80\x8b\n', '[Hub] Name')):
        with open(config, 'wb') as file:
            file.write(text)
        done = subprocess.run([KAREZCTL, '--config', config, 'config'], capture_output=True, timeout=60)
        assert done.returncode == 1, (text, done)
        assert config.encode() in done.stderr and where.encode() in done.stderr, (text, done.stderr)


def commands():
    """The commands that the help lists."""
    out = run('--help')[1]
    lines = out[out.index('Commands:'):].splitlines()[1:]
    return [line.split()[0] for line in lines if line.startswith('  ')]


def test_help():
    code, out, _ = run('--help')
    assert code == 0 and 'audit' in out and 'demo' not in out
    assert run('help') == run('--help')
    assert len(commands()) > 10
    verbs = 0
    for command in commands():
        code, out, err = run('help', command)
        assert code == 0 and not err and f'karezctl {command}' in out, (command, err)
        assert (code, out, err) == run(command, '--help') or 'Each command' in out, command
        for line in out.splitlines():
            words = line.split()
            if words[:2] != ['karezctl', command] or len(words) < 3 or words[2][0] in '[-':
                continue
            verbs += 1
            for arguments in ((command, words[2], '--help'), (command, words[2], 'x', '-h'),
                              ('help', command, words[2])):
                code, told, err = run(*arguments)
                assert code == 0 and not err and told.startswith(line), (arguments, told, err)
    assert verbs > 30, verbs
    for arguments in (['--version'], ['version']):
        code, out, _ = run(*arguments)
        assert code == 0 and out.startswith('karezctl '), arguments
    assert run('help', 'nonsense')[0] == 2
    assert not Hub.asked


def test_options_anywhere():
    Hub.answers = {('GET', '/api/v1/people'): (200, {'items': [PERSON]})}
    for arguments in (('--json', 'users', 'list'), ('users', '--json', 'list'),
                      ('users', 'list', '--json')):
        if arguments[1] == '--json':
            assert run(*arguments)[0] == 2
        else:
            assert json.loads(run(*arguments)[1])['items'][0]['login'] == 'desk.aral'
    done = subprocess.run([KAREZCTL, 'users', 'list', '--socket', SOCKET], capture_output=True)
    assert done.returncode == 0, done
    for arguments in (('sessions', 'stop', 'x', '--reason', 'a', '--reason', 'b'),
                      ('users', 'list', '--socket', SOCKET, '--socket', SOCKET)):
        code, _, err = run(*arguments)
        assert code == 2 and 'twice' in err, (arguments, err)
    # "no" is no way to say yes.
    for arguments in (('restore', 'x', '--yes=no'), ('restore', 'x', '--replace=false'),
                      ('users', 'list', '--json=no'), ('migrate', '--check=0'),
                      ('users', 'import', 'x', '--check=')):
        code, out, err = run(*arguments)
        assert code == 2 and not out and 'takes no value' in err, (arguments, code, err)


def test_statuses():
    Hub.answers = {('GET', '/api/v1/plugins'): (503, dict(PROBLEM, rule='database/away'))}
    assert run('plugins', 'list')[0] == 5
    for status, code in ((409, 1), (422, 1), (404, 1), (500, 1), (401, 4), (403, 4), (503, 3),
                         (504, 3)):
        Hub.answers = {('GET', '/api/v1/plugins'): (status, PROBLEM)}
        assert run('plugins', 'list')[0] == code, status
    # What the other hospital's hub refuses is nothing that this user may not.
    Hub.answers = {('GET', '/api/v1/peers/x/differences'): (403, dict(PROBLEM, rule='peers/not-paired'))}
    assert run('pair', 'compare', 'x')[0] == 1
    Hub.answers = {('GET', '/api/v1/plugins'): (409, PROBLEM)}
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
    # As a file of Windows has it, and without an end of line.
    for line in ('seven wells of water\r\n', 'seven wells of water\r', 'seven wells of water',
                 '\ufeffseven wells of water\r\n'):
        code, _, _ = run('users', 'set-password', 'desk.aral', stdin=line)
        assert code == 0 and json.loads(Hub.asked[-1][3])['password'] == 'seven wells of water', line
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


TABLE = """login,name,name_zh,roles,title\r
li.wei,Li Wei,李伟,desk;clinician,\r
"zhao","Zhao, Min",,surgeon,"Chief ""surgeon""\"\r
\r
desk.aral,Desk,协调台,desk,Desk\r
"""


def test_people_of_a_table():
    def posted():
        return [json.loads(body) for method, _, _, body in Hub.asked if method == 'POST']
    Hub.answers = {('GET', '/api/v1/people'): (200, {'items': [PERSON]}),
                   ('POST', '/api/v1/people'): (201, {'id': 'x'})}
    passwords = os.path.join(WORK, 'passwords.csv')
    for text in (TABLE, '\ufeff' + TABLE, TABLE.replace('\r\n', '\n'), TABLE.rstrip('\r\n')):
        path = write('people.csv', text)
        code, out, err = run('--json', 'users', 'import', path, '--check')
        assert (code, json.loads(out)) == (0, {'missing': 2, 'there': 1, 'refused': 0}), (out, err)
        assert not posted()
        code, out, err = run('users', 'import', path)
        assert code == 2 and '--passwords' in err and not posted(), err
        code, out, err = run('--json', 'users', 'import', path, '--passwords', passwords)
        assert (code, json.loads(out)) == (0, {'added': 2, 'there': 1, 'refused': 0}), (out, err)
        first, second = posted()
        assert first['names'] == {'en': 'Li Wei', 'zh_CN': '李伟'} and first['login'] == 'li.wei'
        assert first['roles'] == ['desk', 'clinician'] and not first.get('password_final')
        assert second['names'] == {'en': 'Zhao, Min'} and second['title'] == {'en': 'Chief "surgeon"'}
        assert os.stat(passwords).st_mode & 0o777 == 0o600
        with open(passwords, encoding='utf-8') as file:
            told = file.read()
        assert first['password'] in told and second['password'] in told and len(first['password']) == 19
        # Done again after it was cut short: what may be handed out already stays, and is set.
        assert run('users', 'import', path, '--passwords', passwords)[0] == 0
        assert [one['password'] for one in posted()] == [first['password'], second['password']]
        more = write('more.csv', 'login,name,roles\nli.wei,Li Wei,desk\nsun,Sun,desk\n')
        Hub.answers[('GET', '/api/v1/people')] = (200, {'items': [dict(PERSON, login='zhao'), PERSON]})
        assert run('users', 'import', more, '--passwords', passwords)[0] == 0
        assert posted()[0]['password'] == first['password'] and posted()[1]['login'] == 'sun'
        with open(passwords, encoding='utf-8') as file:
            assert file.read() == f'{told}"sun","Sun","{posted()[1]["password"]}"\n', told
        assert os.stat(passwords).st_mode & 0o777 == 0o600
        Hub.answers[('GET', '/api/v1/people')] = (200, {'items': [PERSON]})
        os.unlink(passwords)
        # What is another file is not written over.
        for other in (path, WORK, '/dev/null'):
            code, _, err = run('users', 'import', path, '--passwords', other)
            assert code == 2 and not posted() and f'{other} is there already' in err, (other, err)
    with_passwords = write('with.csv', 'login;name;roles;password\nli;Li;desk clinician;seven wells of water\n')
    assert run('users', 'import', with_passwords)[0] == 0
    assert posted()[0]['password'] == 'seven wells of water' and posted()[0]['roles'][1] == 'clinician'
    # One that is refused is told with its line, and the next ones follow.
    Hub.answers[('POST', '/api/v1/people')] = (422, dict(PROBLEM, rule='password/common'))
    code, _, err = run('users', 'import', write('people.csv', TABLE), '--passwords', passwords)
    assert code == 1 and 'people.csv:2: li.wei' in err and 'people.csv:3: zhao' in err, err
    os.unlink(passwords)
    Hub.answers[('POST', '/api/v1/people')] = (503, dict(PROBLEM, rule='database/away'))
    assert run('users', 'import', write('people.csv', TABLE), '--passwords', passwords)[0] == 5
    assert len(posted()) == 1


def test_tables_that_are_wrong():
    Hub.answers = {('GET', '/api/v1/people'): (200, {'items': []})}
    head = 'login,name,roles\n'
    for text, *words in (
            ('', 'first line'), ('\n\n', 'first line'), ('login,name\n', '“roles” is missing'),
            ('login,name,roles,age\n', '“age”', 'login, name'), ('login,name,roles,Name\n', 'twice'),
            (head + 'li,Li\n', 'line 2', '“roles”'), (head + '\nli,,desk\n', 'line 3', '“name”'),
            (head + 'li,Li,desk,x\n', 'line 2', 'more fields'), (head + 'li,L"i,desk\n', 'line 2'),
            (head + 'li,"Li,desk\n', 'not closed'), (head + 'li,Li,chief\n', ':2', 'surgeon'),
            (head + 'li,Li,\n', 'line 2'), (head + '李伟,Li,desk\n', ':2', 'a to z'),
            (head + 'li,L\u202ei,desk\n', ':2', '/names/en'), (head + 'li,L\x1bi,desk\n', 'line 2'),
            (head + 'li,Li,desk\nli,Wang,desk\n', ':3', 'twice'),
            (head + f'li,{"x" * 101},desk\n', ':2', '/names/en'),
            (head + 'li,Li,desk\n' * 20001, 'too many')):
        code, out, err = run('users', 'import', write('wrong.csv', text))
        assert code == 1 and not out, (text[:80], code, err)
        for word in ('wrong.csv', *words):
            assert word in err, (text[:80], word, err[:400])
    # Each wrong line is told, up to a bound.
    many = ''.join(f'li{n},Li,{"desk" if n == 1 else "chief"}\n' for n in range(80))
    code, out, err = run('users', 'import', write('wrong.csv', head + many))
    assert code == 1 and err.count('wrong.csv:') == 50 and 'wrong.csv:2:' in err and 'wrong.csv:4:' in err, err
    assert 'wrong.csv:3:' not in err, err
    for data in (b'login,name,roles\nli,\xc0\xee,desk\n', b'\xff\xfel\0', b'login\0,name,roles\n'):
        path = os.path.join(WORK, 'wrong.csv')
        with open(path, 'wb') as file:
            file.write(data)
        code, _, err = run('users', 'import', path)
        assert code == 1 and 'UTF-8' in err, (data, err)
    assert run('users', 'import', WORK + '/nowhere.csv')[0] == 1
    assert run('users', 'import', WORK)[0] == 1
    assert run('users', 'import', '/dev/zero')[0] == 1
    assert not [asked for asked in Hub.asked if asked[0] == 'POST']


def test_tables_of_spreadsheets():
    """What Excel and those who type beside it make of the same three people."""
    Hub.answers = {('GET', '/api/v1/people'): (200, {'items': []}),
                   ('POST', '/api/v1/people'): (201, {'id': 'x'})}
    lines = [['login', 'name', 'roles'], ['li', 'Li', 'desk;clinician'], ['wang', 'Wang', 'desk']]
    plain = '\r\n'.join(','.join(line) for line in lines) + '\r\n'
    semicolons = plain.replace(';', ' ').replace(',', ';')
    for number, text in enumerate((
            plain, plain.replace('\r\n', ',,\r\n'), plain.replace('roles', 'roles,, '),
            plain.replace('desk\r', 'desk,,,\r'), plain + ',,\r\n,,\r\n', plain.replace('\r\n', '\r'),
            'sep=;\r\n' + semicolons, '\ufeffSEP=;\n' + semicolons, plain.replace(',', '\t'),
            'sep=|\r\n' + plain.replace(',', '|'), plain.replace('li,', 'li\u00a0,\u3000'),
            plain.replace('desk;', 'desk；'), plain.replace('desk;', 'desk、'),
            plain.replace('desk;', 'desk;\u00a0'))):
        passwords = os.path.join(WORK, f'sheet-{number}.csv')
        code, out, err = run('--json', 'users', 'import', write('sheet.csv', text), '--passwords', passwords)
        assert (code, json.loads(out or '{}').get('added')) == (0, 2), (text, code, out, err)
        posted = [json.loads(body) for method, _, _, body in Hub.asked if method == 'POST']
        assert [(one['login'], one['names']['en'], one['roles']) for one in posted] == [
            ('li', 'Li', ['desk', 'clinician']), ('wang', 'Wang', ['desk'])], (text, posted)
    # A text below no name is somebody's mistake, and a line of a Macintosh has a number, too.
    for text, *words in ((plain.replace('desk\r', 'desk,,x\r'), 'line 3', 'more fields'),
                         (plain.replace('\r\n', '\r').replace('wang', 'Wang'), ':3', 'a to z'),
                         ('sep=;\r\n' + semicolons.replace('wang', 'Wang'), ':4', 'a to z'),
                         (',,\r\n' + plain.replace('login', 'age'), '“age”')):
        code, out, err = run('users', 'import', write('sheet.csv', text))
        assert code == 1 and not out and all(word in err for word in words), (text, code, err)
    # Passwords are looked at before anybody is added.
    for password, rule in (('short', 'password/length'), ('passwordpassword', 'password/common'),
                           ('-', 'password/length'), ('aaaaaaaaaaaaaaaa', 'password/repeated')):
        table = write('sheet.csv', 'login,name,roles,password\nli,Li,desk,seven wells of water\n'
                      f'wang,Wang,desk,{password}\n')
        for words in ((), ('--check',)):
            code, out, err = run('users', 'import', table, *words)
            assert code == 1 and 'sheet.csv:3' in err and rule in err and '/password' in err, err
            assert password in ('-', 'short') or password not in err
            assert not [asked for asked in Hub.asked if asked[0] == 'POST'], password
    pipe = os.path.join(WORK, 'pipe')
    os.mkfifo(pipe)
    for path in (pipe, WORK, '/dev/zero'):
        for command in (('users', 'import'), ('setup', '--file')):
            code, out, err = run(*command, path)
            assert code == 1 and not out and 'file/kind' in err and 'accepted' in err, (path, err)


def test_resources_and_patients_of_tables():
    hub = '0193a000-0000-7000-8000-00000000000a'
    Hub.answers = {('GET', '/api/v1/people'): (200, {'items': [PERSON]}),
                   ('GET', '/api/v1/hello'): (200, {'hub': hub}),
                   ('GET', '/api/v1/resources'): (200, {'items': [{'names': {'en': 'Room 1'}}]}),
                   ('POST', '/api/v1/resources'): (201, {'id': 'x'}),
                   ('POST', '/api/v1/patients'): (201, {'id': 'x'})}
    path = write('resources.csv', 'kind,name,login\nroom,Room 1,\nroom,Room 2,\nperson,Desk,desk.aral\n')
    code, out, err = run('--json', 'resources', 'import', path)
    assert (code, json.loads(out)) == (0, {'added': 2, 'there': 1, 'refused': 0}), (out, err)
    bodies = [json.loads(body) for method, _, _, body in Hub.asked if method == 'POST']
    assert 'person' not in bodies[0] and bodies[1]['person'] == PERSON['id']
    code, _, err = run('resources', 'import', write('r.csv', 'kind,name,login\nperson,X,nobody\n'))
    assert code == 1 and 'r.csv:2' in err and '“nobody”' in err and '/login' in err, err
    path = write('patients.csv', 'number,name,birth_date,gender\n77,Aynur,1961-04-30,female\n')
    assert run('patients', 'import', path)[0] == 0
    first = json.loads(Hub.asked[-1][3])
    code, out, _ = run('patients', 'import', path, '--check')
    assert code == 0 and 'can be read: 1' in out and 'when they are added' in out, out
    # What uuid.uuid5() makes of the hub's id and the number.
    assert first['id'] == str(uuid.uuid5(uuid.UUID(hub), '77')), first
    Hub.answers[('POST', '/api/v1/patients')] = (409, dict(PROBLEM, rule='database/patient_pkey'))
    code, out, _ = run('--json', 'patients', 'import', path)
    assert (code, json.loads(out)['there']) == (0, 1)
    code, _, err = run('patients', 'import', write('p.csv', 'number,name,birth_date\n1,A,30.4.1961\n'))
    assert code == 1 and 'p.csv:2' in err and '1961-04-30' in err, err


def test_each_by_itself():
    """Organisations, resources and patients that no table has."""
    hub = '0193a000-0000-7000-8000-00000000000a'
    Hub.answers = {('GET', '/api/v1/people'): (200, {'items': [PERSON]}), ('GET', '/api/v1/hello'): (200, {'hub': hub}),
                   ('PUT', '/api/v1/resources/r1'): (204, '')}
    for path in ('organisations', 'resources', 'patients'):
        Hub.answers['POST', '/api/v1/' + path] = (201, {'id': 'new-' + path})
        Hub.answers['GET', '/api/v1/' + path] = (200, {'items': [
            {'id': 'x1', 'names': {'en': 'Clinic of the well'}, 'level': 'village', 'parent': 'x0', 'hub': hub,
             'kind': 'room', 'active': False, 'detail': {'en': 'Second floor'}}]})
    names = {'en': 'Clinic', 'zh_CN': '诊所', 'ug': 'شىپاخانا'}
    given = ('--name', 'Clinic', '--name-zh', '诊所', '--name-ug', 'شىپاخانا')
    for words, wanted in (
            (('organisations', 'add', '--level', 'village', '--parent', 'x0'), {'level': 'village', 'parent': 'x0'}),
            (('resources', 'add', '--kind', 'person', '--detail', 'Heart', '--login', 'desk.aral'),
             {'kind': 'person', 'detail': {'en': 'Heart'}, 'person': PERSON['id']}),
            (('patients', 'add', '--birth-date', '1961-04-30', '--gender', 'female', '--organisation', 'x1'),
             {'birth_date': '1961-04-30', 'gender': 'female', 'organisation': 'x1'})):
        code, out, err = run(*words, *given)
        assert code == 0 and 'new-' + words[0] in out, (words, err)
        body = json.loads(Hub.asked[-1][3])
        assert Hub.asked[-1][:2] == ('POST', '/api/v1/' + words[0])
        assert body == {'id': body['id'], 'names': names, **wanted} and len(body['id']) == 36, (words, body)
        for missing in ('--name', '--level', '--kind'):
            if missing in words + given and (words[0], missing) != ('patients', '--level'):
                at = (words + given).index(missing)
                left = (words + given)[:at] + (words + given)[at + 2:]
                code, out, err = run(*left)
                assert code == 2 and missing in err and not Hub.asked, (left, err)
    code, _, err = run('resources', 'add', '--kind', 'person', '--name', 'X', '--login', 'nobody')
    assert code == 1 and 'nobody' in err and [asked[0] for asked in Hub.asked] == ['GET'], (code, err)
    for path, shown in (('organisations', ('village', 'x0')), ('resources', ('room', 'Second floor'))):
        code, out, _ = run(path, 'list')
        assert code == 0 and all(word in out for word in ('Clinic of the well', 'x1', *shown)), (path, out)
        assert json.loads(run('--json', path, 'list')[1])['items'][0]['id'] == 'x1'
    assert Hub.asked[-1][1] == '/api/v1/resources?hub=' + hub
    for verb, active in (('disable', False), ('enable', True)):
        assert run('resources', verb, 'r1')[0] == 0
        assert (Hub.asked[-1][0], json.loads(Hub.asked[-1][3])) == ('PUT', {'active': active})


SETUP = """[Hospital]
Name=Aral Tarim Hospital
Name[zh_CN]=阿拉尔塔里木医院
Level=county
Region=Xinjiang
[Administrator]
Login=admin.aral
Name=Li Wei
"""


def test_setup():
    hub = '0193a000-0000-7000-8000-00000000000a'
    Hub.answers = {('GET', '/api/v1/hello'): (200, {'hub': hub}),
                   ('GET', '/api/v1/organisations'): (200, {'items': []}),
                   ('GET', '/api/v1/people'): (200, {'items': []}),
                   ('POST', '/api/v1/organisations'): (201, {'id': 'x'}),
                   ('POST', '/api/v1/people'): (201, {'id': 'x'})}
    path = write('setup.ini', SETUP)
    # Without a password there is no hospital, either.
    for password in ('', '\n'):
        code, out, err = run('setup', '--file', path, stdin=password)
        assert code == 2 and not out and 'UTF-8' in err, (password, code, out, err)
        assert not [asked for asked in Hub.asked if asked[0] == 'POST'], password
    code, out, err = run('setup', '--file', path, stdin='seven wells of water\n')
    assert code == 0 and not err, (code, err)
    posted = [(where, json.loads(body)) for method, where, _, body in Hub.asked if method == 'POST']
    assert [where for where, _ in posted] == ['/api/v1/organisations', '/api/v1/organisations', '/api/v1/people']
    region, hospital, person = (body for _, body in posted)
    assert person['roles'] == ['administrator'] and person['password'] == 'seven wells of water'
    assert region['level'] == 'region' and hospital['parent'] == region['id'] and hospital['own']
    assert hospital['names']['zh_CN'] == '阿拉尔塔里木医院'
    # Again, when everything is there: nothing is asked for and nothing sent.
    Hub.answers[('GET', '/api/v1/organisations')] = (200, {'items': [{'hub': hub}]})
    there = {'login': 'admin.aral', 'roles': ['desk', 'administrator'], 'active': True}
    # A login of somebody else lets nobody in.
    for other in ({'roles': ['desk']}, {'active': False}, {'roles': []}):
        Hub.answers[('GET', '/api/v1/people')] = (200, {'items': [dict(there, **other)]})
        code, out, err = run('setup', '--file', path, stdin='seven wells of water\n')
        assert code == 1 and not out and 'setup/login' in err and 'admin.aral' in err, (other, err)
        assert not [asked for asked in Hub.asked if asked[0] == 'POST']
    Hub.answers[('GET', '/api/v1/people')] = (200, {'items': [there]})
    code, out, _ = run('--json', 'setup', '--file', path)
    assert (code, json.loads(out)) == (0, {'hospital': False, 'administrator': False})
    assert not [asked for asked in Hub.asked if asked[0] == 'POST']
    for text, *words in (
            (SETUP.replace('Login', 'Logon'), 'Administrator.Logon', 'Administrator.Login'),
            (SETUP + '[Other]\nX=1\n', 'Other.X'), (SETUP.replace('county', 'city'), 'Hospital', 'township'),
            (SETUP.replace('Login=admin.aral', 'Login=Admin'), 'Administrator', 'a to z'),
            (SETUP.replace('Name=Li Wei', ''), 'Administrator', '/names'),
            (SETUP.replace('Name=Aral Tarim Hospital', ''), 'Hospital', '/names'),
            ('nonsense', 'setup.ini'), (SETUP.replace('Li Wei', 'Li\u202eWei'), 'Administrator')):
        code, out, err = run('setup', '--file', write('setup.ini', text), stdin='seven wells of water\n')
        assert code == 1 and not out, (text, code, err)
        for word in words:
            assert word in err, (text, word, err)
        assert not Hub.asked, text
    # No name is left out because an editor wrote it in another encoding, or with a mark.
    for encoding in ('gb18030', 'utf-16', 'big5'):
        path = os.path.join(WORK, 'setup.ini')
        with open(path, 'wb') as file:
            file.write(SETUP.replace('阿拉尔塔里木医院', '中文').encode(encoding))
        code, out, err = run('setup', '--file', path, stdin='seven wells of water\n')
        assert code == 1 and not out and not Hub.asked and 'UTF-8' in err, (encoding, code, out, err)
    Hub.answers[('GET', '/api/v1/organisations')] = (200, {'items': []})
    code, _, err = run('setup', '--file', write('setup.ini', '\ufeff' + SETUP.replace('\n', '\r\n')))
    assert code == 0, err
    assert [json.loads(body)['names']['zh_CN'] for _, where, _, body in Hub.asked
            if where == '/api/v1/organisations' and 'own' in body] == ['阿拉尔塔里木医院']
    assert run('setup', '--file', WORK + '/nowhere')[0] == 1
    assert run('setup')[0] == 2


def answer_at_terminal(lines, *arguments):
    """What karezctl says at a terminal where these lines are typed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(KAREZCTL, [KAREZCTL, '--socket', SOCKET, *arguments],
                  dict(os.environ, LC_ALL='C.UTF-8', LANGUAGE=''))
    said = b''
    lines = list(lines)
    while True:
        # One that asks for more than there is to say is ended.
        if not select.select([terminal], [], [], 10)[0]:
            os.kill(pid, signal.SIGKILL)
        try:
            said += os.read(terminal, 4096)
        except OSError:
            break
        while lines and said.rstrip(b' ').endswith(b':'):
            line = lines.pop(0)
            os.write(terminal, line if isinstance(line, bytes) else line.encode() + b'\n')
            said += b'\0'
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode(errors='replace')


def test_questions():
    Hub.asked.clear()
    Hub.answers = {('GET', '/api/v1/hello'): (200, {'hub': '0193a000-0000-7000-8000-00000000000a'}),
                   ('GET', '/api/v1/organisations'): (200, {'items': []}),
                   ('GET', '/api/v1/people'): (200, {'items': []}),
                   ('POST', '/api/v1/organisations'): (201, {'id': 'x'}),
                   ('POST', '/api/v1/people'): (201, {'id': 'x'})}
    # A login that is none: what was right is kept, and the questions come again.
    code, said = answer_at_terminal(
        ['Aral Hospital', '阿拉尔', '', 'county', '', 'Admin', 'Li Wei', '', '',
         '', '', '', '', '', 'admin.aral', '', '', '',
         'seven wells of water', 'seven wells of water'], 'setup')
    assert code == 0, said
    assert '[Aral Hospital]' in said and 'a to z' in said and 'seven wells' not in said, said
    hospital, person = [json.loads(body) for method, _, _, body in Hub.asked if method == 'POST']
    assert person['login'] == 'admin.aral' and person['names'] == {'en': 'Li Wei'}
    assert hospital['names'] == {'en': 'Aral Hospital', 'zh_CN': '阿拉尔'}


    # What cannot be read is not taken for nothing, and the end of the terminal is not, either.
    for line in ('阿拉尔'.encode('gb18030') + b'\n', b'\x04'):
        Hub.asked.clear()
        code, said = answer_at_terminal(['Aral Hospital', line], 'setup')
        assert code == 2 and 'UTF-8' in said and 'nothing was done' in said and not Hub.asked, (code, said)


def test_terminal_after_a_signal():
    """Whatever ends or stops it while a password is typed, the terminal shows again what is typed."""
    def shows(terminal):
        return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)

    def until(terminal, wanted):
        end = time.monotonic() + 10
        while shows(terminal) != wanted and time.monotonic() < end:
            time.sleep(0.01)
        assert shows(terminal) == wanted, wanted
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP):
        terminal, program = pty.openpty()
        done = subprocess.Popen([KAREZCTL, '--socket', SOCKET, 'users', 'add', 'li', '--name', 'Li',
                                 '--role', 'desk'], stdin=program, stdout=program, stderr=program,
                                process_group=0)  # one of an orphaned group is not stopped
        until(program, False)
        done.send_signal(number)
        if number == signal.SIGTSTP:
            assert os.WIFSTOPPED(os.waitpid(done.pid, os.WUNTRACED)[1])
        until(program, True)
        if number == signal.SIGTSTP:
            done.send_signal(signal.SIGCONT)
            until(program, False)
            done.send_signal(signal.SIGINT)
            number = signal.SIGINT
        assert done.wait(10) == -number, (number, done.returncode)
        until(program, True)
        os.close(terminal)
        os.close(program)


def test_names_in_any_locale():
    """Of cron, of ssh from a machine that has another, and of an older one: no name becomes marks."""
    def said(*arguments, **variables):
        done = subprocess.run([KAREZCTL, '--socket', SOCKET, *arguments], capture_output=True, timeout=60,
                              env={**{key: value for key, value in os.environ.items()
                                      if not key.startswith(('LC_', 'LANG'))}, **variables})
        return done.returncode, done.stdout, done.stderr
    Hub.answers = {('GET', '/api/v1/people'): (200, {'items': [PERSON]})}
    for variables in ({}, {'LC_ALL': 'C'}, {'LANG': 'zh_CN.UTF-8'}, {'LC_ALL': 'xx_XX.UTF-8'},
                      {'LC_CTYPE': 'UTF-8'}, {'LANG': 'zh_CN.GB18030'}):
        code, out, _ = said('--json', 'users', 'list', **variables)
        assert code == 0 and json.loads(out)['items'][0]['names'] == PERSON['names'], (variables, out)
    for variables in ({}, {'LC_ALL': 'C'}, {'LANG': 'zh_CN.UTF-8'}, {'LC_CTYPE': 'UTF-8'}):
        Hub.answers[('GET', '/api/v1/plugins')] = (409, dict(PROBLEM, detail='协调台'))
        code, _, err = said('plugins', 'list', **variables)
        assert code == 1 and '协调台' in err.decode() and b'?' not in err, (variables, err)
    assert '协调台' in said('users', 'list', LANG='zh_CN.UTF-8')[1].decode()


def test_answers_that_are_cut():
    """A list that did not fit on a disk is not taken for one."""
    Hub.answers = {('GET', '/api/v1/people'): (200, {'items': [PERSON]})}
    for arguments in (('users', 'list'), ('--json', 'users', 'list'), ('--version',),
                      ('users', '--help')):
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([KAREZCTL, '--socket', SOCKET, *arguments], stdout=full,
                                  stderr=subprocess.PIPE, timeout=60)
        assert done.returncode == 1 and b'written' in done.stderr, (arguments, done)


def test_a_configuration_of_others():
    """Who may not read it is told so, with the status for it."""
    if os.geteuid() != 0:
        return
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        config = os.path.join(folder, 'karez.conf')
        with open(config, 'w', encoding='utf-8') as file:
            file.write('[Hub]\nName=Aral\n')
        os.chmod(config, 0o600)
        for arguments in (('config',), ('--json', 'config'), ('status',), ('users', 'list'),
                          ('backup', folder + '/x'), ('restore', folder + '/x'), ('migrate', '--check')):
            done = subprocess.run([KAREZCTL, '--config', config, *arguments], capture_output=True,
                                  user=65534, group=65534, extra_groups=[], timeout=60)
            assert done.returncode == 4 and b'Permission denied' in done.stdout + done.stderr, (arguments, done)


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
    assert done.returncode == 1 and 'bad.conf:2: [Hub] Nam: there is no such key (perhaps Name)' in done.stderr


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


def test_plugins_named_after_sql():
    """The schema of a plugin stands in its statements as it is: no word that PostgreSQL keeps is an id."""
    words = subprocess.run(['psql', '-XAtc', "select word from pg_get_keywords() where catcode in ('R', 'T')",
                            os.environ['KAREZ_TEST_DATABASE']], capture_output=True, text=True, check=True)
    for word in words.stdout.split():
        code, out, err = run('plugin', 'new', word.replace('_', '-'), '--directory', WORK, '--template', WORK)
        assert code == 1 and 'plugin/id' in err, (word, code, out, err)


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
    Hub.answers[('GET', '/api/v1/modalities')] = (200, {'items': [{'id': 'echo'}]})
    Hub.answers[('GET', '/api/v1/bookings/k')] = (404, dict(PROBLEM, rule='agenda/unknown'))
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


def test_demo_of_plugins():
    """Each plugin's folder demo/ has sessions of its own kind, and what is needed before them."""
    book = {'id': 'k', 'modality': 'echo', 'in_minutes': 5, 'minutes': 30, 'resources': [],
            'before': [{'method': 'PUT', 'path': '/x/sonar/requests/k', 'body': {'question': 'why'}}]}
    away = {'id': 'm', 'modality': 'robot', 'in_minutes': 5, 'minutes': 30, 'resources': []}
    os.makedirs(os.path.join(WORK, 'plugins/sonar/demo'))
    write('plugins/sonar/demo/aral.json', json.dumps({'bookings': [book, away], 'accepts': ['w']}))
    conf = write('demo.conf', f'[Plugins]\nPath={WORK}/plugins\n')
    Hub.answers = {('GET', '/api/v1/modalities'): (200, {'items': [{'id': 'echo'}]}),
                   ('GET', '/api/v1/bookings/k'): (404, dict(PROBLEM, rule='agenda/unknown')),
                   ('PUT', '/api/v1/x/sonar/requests/k'): (200, {}),
                   ('POST', '/api/v1/bookings'): (201, {'id': 'k'}),
                   ('GET', '/api/v1/bookings/w'): (200, {'state': 'requested'}),
                   ('POST', '/api/v1/bookings/w/accept'): (200, {'id': 'w'})}
    Hub.asked.clear()
    code, out, err = run('--config', conf, '--json', 'demo', 'day', 'aral')
    assert code == 0 and json.loads(out) == {'requested': 1, 'accepted': 1}, (code, out, err)
    writes = [one[:2] for one in Hub.asked if one[0] != 'GET']
    assert writes == [('PUT', '/api/v1/x/sonar/requests/k'), ('POST', '/api/v1/bookings'),
                      ('POST', '/api/v1/bookings/w/accept')], writes
    # What is booked is not asked for again.
    Hub.answers[('GET', '/api/v1/bookings/k')] = (200, {'state': 'requested'})
    Hub.asked.clear()
    code, out, err = run('--config', conf, '--json', 'demo', 'day', 'aral')
    assert code == 0 and json.loads(out)['requested'] == 0, (code, out, err)
    # The routes of the hub itself are nobody's to call from there.
    Hub.answers[('GET', '/api/v1/bookings/k')] = (404, dict(PROBLEM, rule='agenda/unknown'))
    book['before'][0]['path'] = '/people'
    write('plugins/sonar/demo/aral.json', json.dumps({'bookings': [book]}))
    assert run('--config', conf, 'demo', 'day', 'aral')[0] == 2
    write('plugins/sonar/demo/aral.json', '[]')
    code, out, err = run('--config', conf, 'demo', 'day', 'aral')
    assert code == 2 and 'plugins/sonar/demo/aral.json' in err, (code, out, err)


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
