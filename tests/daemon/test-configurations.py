#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Wrong configurations, one after the other: `karezctl config` and karezd's start refuse each alike,
by file, line, group and key, with what is accepted; at once, with an exit status.

test-configurations.py BUILD [WORD…]     with words, those whose line has one of them"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

BUILD = sys.argv[1]
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..')
KAREZD = os.path.join(BUILD, 'hub/daemon/karezd')
KAREZCTL = os.path.join(BUILD, 'hub/ctl/karezctl')
SECONDS = 2
WRONG, AWAY = 2, 1      # karezd's exit statuses; systemd starts it again after AWAY
OTHER_ID = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff'

FOLDER = tempfile.mkdtemp(prefix='karez-conf-')

GOOD = f'''# A comment
[Hub]
Name=Test
Name[zh_CN]=测试
State={FOLDER}/state
Runtime={FOLDER}/run

[Web]
Listen=127.0.0.1
Port=18443
Origin=https://karez.example.org
Proxies=127.0.0.1

[Peers]
Listen=127.0.0.1
Port=18444
Advertise=hub.example.org:8444

[Database]
Connection=host=127.0.0.1 dbname=karez user=karez password=s3cret-s3cret

[Plugins]
Path={BUILD}/plugins/template

[Link]
Address=127.0.0.1

[Media]
Address=127.0.0.1,::1
Announce=203.0.113.7,2001:db8::7

[Worker]
Ports=40000-40999

[Plugin template]
MaxMinutes=5
'''

ORIGIN, LISTEN, PATH = 'https://HOST or https://HOST:PORT', 'a numeric IP address of this machine', 'an absolute path'
AGE = 'a whole number of seconds from 0 to 63072000'
PORT, RANGE, ENDPOINT = 'a whole number from 1 to 65535', 'LOW-HIGH, from 1024 to 65535, 12 ports', 'HOST:PORT'
LIST, UNICAST = 'one to four numeric IP addresses', 'none of them twice, a wildcard, multicast or link-local'
NAME, UUID, HERE = '1 to 200 characters', 'a UUID in lower case', 'address of this machine'
FOLDERS, CONNINFO = 'a folder of the hub', 'host=HOST dbname=NAME user=NAME'

# Group, key, the value instead of the good one, what is accepted instead; then the status if it is
# not WRONG. None as value takes the line away.
VALUES = [
    ('Hub', 'Name', '', NAME),
    ('Hub', 'Name', 'x' * 201, NAME),
    ('Hub', 'Name', '"Test"', 'without them'),
    ('Hub', 'Name', 'Te\\qst', 'for a backslash'),
    ('Hub', 'Name', 'Te\u202est', NAME),
    ('Hub', 'Name[zh_CN]', '\\s', NAME),
    ('Hub', 'Id', 'karez', UUID),
    ('Hub', 'Id', OTHER_ID.upper(), UUID),
    ('Hub', 'Id', '', UUID),
    ('Hub', 'State', 'var/karez', PATH),
    ('Hub', 'State', '', PATH),
    ('Hub', 'State', '/proc/karez', FOLDERS, AWAY),
    ('Hub', 'State', f'{FOLDER}/file/state', FOLDERS, AWAY),
    ('Hub', 'State', f'{FOLDER}/file', FOLDERS, AWAY),
    ('Hub', 'State', f'{FOLDER}/run', f'a folder apart from {FOLDER}/run'),
    ('Hub', 'State', f'{FOLDER}/run/../run/state', f'a folder apart from {FOLDER}/run'),
    ('Hub', 'Runtime', '~/run', PATH),
    ('Hub', 'Runtime', f'{FOLDER}/file/run', FOLDERS, AWAY),
    ('Hub', 'Runtime', '/' + 'r' * 95, 'a path of at most 94 bytes'),
    ('Web', 'Listen', 'localhost', LISTEN),
    ('Web', 'Listen', '127.0.0.1:8443', LISTEN),
    ('Web', 'Listen', '10.0.0.256', LISTEN),
    ('Web', 'Listen', '224.0.0.1', LISTEN),
    ('Web', 'Listen', '203.0.113.9', HERE, AWAY),
    ('Web', 'Port', '0', PORT),
    ('Web', 'Port', '65536', PORT),
    ('Web', 'Port', '-1', PORT),
    ('Web', 'Port', 'https', PORT),
    ('Web', 'Port', '0x20', PORT),
    ('Web', 'Port', '', PORT),
    ('Web', 'Port', '8443 # the desk', 'the comment on a line of its own'),
    ('Web', 'Port', '8443 ', 'without blanks at its end'),
    ('Web', 'Port', '"8443"', 'without them'),
    ('Web', 'Origin', None, 'such as https://karez.example.org'),
    ('Web', 'Origin', '', ORIGIN),
    ('Hub', 'Development', 'true', 'yes or no'),
    ('Hub', 'Development', '', 'yes or no'),
    ('Web', 'Origin', 'karez.example.org', ORIGIN),
    ('Web', 'Origin', 'ftp://karez.example.org', ORIGIN),
    ('Web', 'Origin', 'https://', ORIGIN),
    ('Web', 'Origin', 'https://user@karez.example.org', ORIGIN),
    ('Web', 'Origin', 'https://karez.example.org:99999', ORIGIN),
    ('Web', 'Origin', 'https://karez example.org', ORIGIN),
    ('Web', 'Origin', 'https://karez.example.org/', 'accepted: https://karez.example.org, as'),
    ('Web', 'Origin', 'https://karez.example.org/desk', 'accepted: https://karez.example.org, as'),
    ('Web', 'Origin', 'https://karez.example.org:443', 'accepted: https://karez.example.org, as'),
    ('Web', 'Origin', 'https://医院.example.org', 'accepted: https://xn--'),
    ('Web', 'Origin', 'http://karez.example.org', 'accepted: https://karez.example.org, with TLS by [Web] Certificate'),
    ('Web', 'Certificate', 'hub.pem', PATH),
    ('Web', 'Certificate', '', PATH),
    ('Web', 'Certificate', f'{FOLDER}/hub.pem', '[Web] Key beside it'),
    ('Web', 'Key', f'{FOLDER}/hub.key', '[Web] Certificate beside it'),
    ('Web', 'Key', 'hub.key', PATH),
    ('Web', 'Authority', 'yes', 'own, or no Authority'),
    ('Web', 'Authority', '', 'own, or no Authority'),
    ('Web', 'SecurePort', '0', PORT),
    ('Web', 'SecurePort', '18443', 'a port of its own for each'),
    ('Web', 'SecurePort', '18444', 'a port of its own for each'),
    ('Web', 'SecurePort', '18445', 'an Origin of http://'),
    ('Web', 'RedirectPort', '0', PORT),
    ('Web', 'RedirectPort', 'http', PORT),
    ('Web', 'RedirectPort', '18443', 'a port of its own for each'),
    ('Web', 'RedirectPort', '18444', 'a port of its own for each'),
    ('Web', 'StrictTransportSecurity', '-1', AGE),
    ('Web', 'StrictTransportSecurity', '63072001', AGE),
    ('Web', 'StrictTransportSecurity', '1y', AGE),
    ('Web', 'StrictTransportSecurity', '', AGE),
    ('Web', 'Proxies', '10.0.0.0/8', LIST),
    ('Web', 'Proxies', 'proxy.example.org', LIST),
    ('Web', 'Proxies', '10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5', LIST),
    ('Web', 'Proxies', '10.0.0.1,10.0.0.1', LIST),
    ('Web', 'Proxies', '10.0.0.1;10.0.0.2', LIST),
    ('Web', 'Proxies', '::1,0:0:0:0:0:0:0:1', LIST),
    ('Peers', 'Listen', 'fe80::1', HERE, AWAY),
    ('Peers', 'Listen', '198.51.100.7', HERE, AWAY),
    ('Peers', 'Port', '18443', 'a port of its own for each'),
    ('Peers', 'Port', '8 444', PORT),
    ('Peers', 'Advertise', 'hub.example.org', ENDPOINT),
    ('Peers', 'Advertise', 'hub.example.org:0', ENDPOINT),
    ('Peers', 'Advertise', 'https://hub.example.org:8444', ENDPOINT),
    ('Peers', 'Advertise', '2001:db8::1:8444', ENDPOINT),
    ('Peers', 'Advertise', '0.0.0.0:8444', ENDPOINT),
    ('Peers', 'Advertise', 'hub_example:8444', ENDPOINT),
    ('Peers', 'Advertise', '10.0.0.999:8444', ENDPOINT),
    ('Database', 'Connection', 'karez', CONNINFO),
    ('Database', 'Connection', '', 'a text that is not empty'),
    ('Database', 'Connection', 'host=db nonsense=1', CONNINFO),
    ('Database', 'Connection', 'host=db password=s3cret-s3cret more-of-s3cret', CONNINFO),
    ('Database', 'Connection', 'postgresql://u:s3cret@host:port:x/y?s3cret=1', CONNINFO),
    ('Database', 'Connection', 'host=db port=70000', 'port=5432'),
    ('Database', 'Connection', 'host=db sslmode=yes', 'sslmode=disable, allow'),
    ('Database', 'Connection', 'host=a,b dbname=karez', 'target_session_attrs=read-write with'),
    ('Database', 'Connection', 'host=db target_session_attrs=standby', 'target_session_attrs=read-write'),
    ('Database', 'Connection', f'host=db sslrootcert={FOLDER}/none.pem', 'the absolute path', AWAY),
    ('Plugins', 'Path', 'plugins', "absolute paths, split by ';'"),
    ('Plugins', 'Path', f'{FOLDER}/none', 'folders that hold .plugin files', AWAY),
    ('Plugins', 'Path', f'{FOLDER}/file', 'folders that hold .plugin files', AWAY),
    ('Plugins', 'Path', f'{FOLDER};{FOLDER}', 'each folder once'),
    ('Link', 'Address', '0.0.0.0', UNICAST),
    ('Link', 'Address', '::', UNICAST),
    ('Link', 'Address', '127.0.0.1:4000', UNICAST),
    ('Link', 'Address', '127.0.0.1,', UNICAST),
    ('Link', 'Address', '127.0.0.1,127.0.0.1', UNICAST),
    ('Link', 'Address', '127.0.0.1,127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.5', UNICAST),
    ('Link', 'Address', '127.0.0.1,203.0.113.7', 'belong in Announce', AWAY),
    ('Link', 'Announce', '203.0.113.7,203.0.113.8', 'as many as there are of Address, in the same order: 1'),
    ('Link', 'Announce', 'outer.example.org', UNICAST),
    ('Media', 'Address', '239.1.2.3,::1', UNICAST),
    ('Media', 'Address', '203.0.113.7,::1', 'belong in Announce', AWAY),
    ('Media', 'Announce', '203.0.113.7', 'as many as there are of Address, in the same order: 2'),
    ('Media', 'Announce', '2001:db8::7,203.0.113.7', 'of each address one of its own kind'),
    ('Media', 'Announce', '0.0.0.0,::1', UNICAST),
    ('Worker', 'Ports', '40000', RANGE),
    ('Worker', 'Ports', '40999-40000', RANGE),
    ('Worker', 'Ports', '40000-40010', RANGE),
    ('Worker', 'Ports', '1000-2000', RANGE),
    ('Worker', 'Ports', '40000-70000', RANGE),
    ('Worker', 'Ports', '40000:40999', RANGE),
    ('Worker', 'Launcher', 'launch.sock', PATH),
    ('Worker', 'Launcher', f'{FOLDER}/none.sock', 'karez-worker.socket', AWAY),
    ('Worker', 'Launcher', f'{FOLDER}/file', 'karez-worker.socket'),
    ('Worker', 'Launcher', '/' + 'l' * 110, 'a path of at most 107 bytes'),
    ('Worker', 'User', 'nobody-of-this-name', 'which systemd-sysusers makes'),
    ('Worker', 'User', '', 'a text that is not empty'),
    ('Plugin template', 'MaxMinutes', '5\x1b', 'without control characters'),
    ('Plugin template', 'MaxMinutes', 'five', 'a whole number, such as 240'),
    ('Plugin template', 'MaxMinutes', '', 'a whole number, such as 240'),
]

# What stands in the file, what stands there instead, where the finding is, and what is accepted.
TEXTS = [
    ('Port=18443', 'Prot=18443', '[Web] Prot: there is no such key (perhaps Port)', 'Listen, Port, Origin, Certificate, Key, Authority'),
    ('Port=18443', 'port=18443', '[Web] port: there is no such key (perhaps Port)', 'Listen, Port, Origin, Certificate, Key, Authority'),
    ('Port=18443', 'Advertise=a:1', '[Web] Advertise: there is no such key (perhaps [Peers] Advertise)', 'Listen, Port'),
    ('Port=18443', 'Port[ug]=18443', '[Web] Port[ug]: this key has no languages', 'Port'),
    ('Port=18443', 'TheColourOfTheDesk=1', '[Web] TheColourOfTheDesk: there is no such key;', 'Listen, Port'),
    ('Name[zh_CN]=测试', 'Name[de]=Test', '[Hub] Name[de]: this key has no such language', 'Name[ug]'),
    ('[Web]', '[Wbe]', '[Wbe]: there is no such group (perhaps [Web])', '[Hub], [Web], [Peers]'),
    ('[Media]', '[media]', '[media]: there is no such group (perhaps [Media])', '[Media]'),
    ('[Media]', '[Telephone exchange]', '[Telephone exchange]: there is no such group;', '[Plugin NAME]'),
    ('[Plugin template]', '[Plugin Template]', '[Plugin Template]: there is no such group', '[Plugin NAME]'),
    ('[Plugin template]', '[Plugin templat]', '[Plugin templat]: there is no such plugin', 'template'),
    ('MaxMinutes=5', 'MaxMinuten=5', '[Plugin template] MaxMinuten: the plugin has no such setting', 'MaxMinutes'),
    ('Port=18443', 'Listen=127.0.0.2', '[Web] Listen: this key stands twice, first in line 9', 'each key once'),
    ('[Peers]', '[Web]', '[Web]: this group stands twice, first in line 8', 'each group once'),
    ('[Web]', '[Web', 'this line begins a group and does not end it', '[GROUP] on a line of its own'),
    ('[Web]', '[Web] # the desk', 'this line begins a group', '[GROUP] on a line of its own'),
    ('Port=18443', 'Port 18443', '[Web]: this line is neither a group nor a key with a value', 'KEY=VALUE'),
    ('Port=18443', '=18443', '[Web]: this line is neither', 'KEY=VALUE'),
    ('# A comment', 'Port=18443', 'this key stands before the first group', '[GROUP] on a line before it'),
    ('# A comment', '; A comment', 'this line is neither', '# and a comment'),
    ('Name=Test', 'Name=Te\0st', '[Hub] Name: this line holds a U+0000', 'text without U+0000'),
]

failed = 0


def run(*command):
    """Status and what it says; one that does not end is the test's failure."""
    began = time.monotonic()
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=SECONDS, check=False,
            env={**os.environ, 'LC_ALL': 'C.UTF-8', 'LANGUAGE': '', 'G_DEBUG': 'fatal-criticals'})
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f'{command[0]} goes on for ever: {error.output}') from None
    assert time.monotonic() - began < SECONDS
    return done.returncode, done.stdout.decode(errors='replace')


def check(text, words, status):
    """Both refuse it, by the same line."""
    path = os.path.join(FOLDER, 'karez.conf')
    with open(path, 'wb') as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    said = []
    for command, code in ((KAREZCTL, 1), (KAREZD, status)):
        arguments = ['--config', path] + (['config'] if command is KAREZCTL else [])
        got, output = run(command, *arguments)
        lines = [line for line in output.splitlines() if all(word in line for word in words)]
        assert len(lines) == 1, f'{command} says ({got}):\n{output}\nexpected {words}'
        assert got == code, f'{command} ends with {got}, not {code}:\n{output}'
        assert 'CRITICAL' not in output and 's3cret' not in output, output
        said.append([line for line in output.splitlines() if line.startswith(path)])
    assert said[0] == said[1], said
    assert len(said[0]) == 1, said
    return said[0][0]


def replaced(group, key, value):
    """The good file with another value, and the number of its line; a key that it has not is the
    last of its group, and one that is taken away is missed at the line of its group."""
    lines = GOOD.splitlines()
    begin = lines.index(f'[{group}]')
    end = next((i for i in range(begin + 1, len(lines)) if lines[i].startswith('[')), len(lines))
    at = next((i for i in range(begin, end) if lines[i].startswith(key + '=')), None)
    if value is None:
        del lines[at]
        return '\n'.join(lines) + '\n', begin + 1
    if at is None:
        at = begin + 1
        lines.insert(at, '')
    lines[at] = f'{key}={value}'
    return '\n'.join(lines) + '\n', at + 1


def attempt(number, name, test):
    global failed  # pylint: disable=global-statement
    try:
        said = test()
        print(f'ok {number} {name!a}' + (f' # {said}' if said and '-v' in sys.argv else ''), flush=True)
    except (AssertionError, LookupError, OSError, ValueError) as error:
        failed += 1
        print('\n'.join('# ' + line for line in str(error).splitlines()))
        print(f'not ok {number} {name!a}', flush=True)


def value_test(group, key, value, accepted, status=WRONG):
    text, line = replaced(group, key, value)
    place = f'karez.conf:{line}: [{group}] {key}: '
    return lambda: check(text, [place, '; accepted: ', accepted], status)


def text_test(old, new, found, accepted):
    line = GOOD.splitlines().index(old) + 1
    text = GOOD.replace(old + '\n', new + '\n', 1)
    return lambda: check_first(text, [f'karez.conf:{line}: {found}', '; accepted: ', accepted])


def check_first(text, words):
    """A line that begins or ends the wrong thing may take others with it."""
    path = os.path.join(FOLDER, 'karez.conf')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    for command, code in ((KAREZCTL, 1), (KAREZD, WRONG)):
        arguments = ['--config', path] + (['config'] if command is KAREZCTL else [])
        got, output = run(command, *arguments)
        assert got == code, f'{command} ends with {got}:\n{output}'
        assert any(all(word in line for word in words) for line in output.splitlines()), (
            f'{command} says:\n{output}\nexpected {words}')
        assert 'CRITICAL' not in output, output


def accepts(text):
    path = os.path.join(FOLDER, 'karez.conf')
    with open(path, 'wb') as file:
        file.write(text)
    code, output = run(KAREZCTL, '--config', path, 'config')
    assert code == 0, output
    return output


def test_good():
    accepts(GOOD.encode())


def test_written_elsewhere():
    """Windows ends its lines otherwise, and writes a mark before the first."""
    output = accepts(b'\xef\xbb\xbf' + GOOD.replace('\n', '\r\n').encode())
    assert '18443' in output and '\r' not in output, output


def test_http_at_home():
    for origin in ('http://localhost:8443', 'http://aral.localhost:8801', 'http://127.0.0.1:8443',
                   'http://[::1]:8443', 'https://10.0.0.5', 'https://KAREZ.example.org:8443'):
        accepts(replaced('Web', 'Origin', origin)[0].encode())


def make_pair(name, *more, host='karez.example.org'):
    """A key and a certificate that it signed for itself."""
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                    '-subj', f'/CN={host}', '-addext', f'subjectAltName=DNS:{host}', '-keyout', f'{FOLDER}/{name}.key',
                    '-out', f'{FOLDER}/{name}.pem', *(more or ('-days', '30'))], check=True, capture_output=True)


def make_old(name, begin, end):
    """One whose time is another."""
    make_pair(name)
    folder = f'{FOLDER}/{name}.ca'
    os.mkdir(folder)
    for file, text in (('index', ''), ('serial', '01'), ('conf', f"""[ca]
default_ca=d
[d]
database={folder}/index
serial={folder}/serial
new_certs_dir={folder}
policy=p
default_md=sha256
copy_extensions=copy
[p]
commonName=supplied
""")):
        with open(f'{folder}/{file}', 'w', encoding='utf-8') as out:
            out.write(text)
    subprocess.run(['openssl', 'req', '-new', '-key', f'{FOLDER}/{name}.key', '-subj', '/CN=karez.example.org', '-addext',
                    'subjectAltName=DNS:karez.example.org', '-out', f'{folder}/csr'], check=True, capture_output=True)
    subprocess.run(['openssl', 'ca', '-batch', '-selfsign', '-config', f'{folder}/conf', '-keyfile', f'{FOLDER}/{name}.key',
                    '-in', f'{folder}/csr', '-startdate', begin, '-enddate', end, '-notext', '-out', f'{FOLDER}/{name}.pem'],
                   check=True, capture_output=True)


def with_pair(certificate, key, text=GOOD):
    return text.replace('Proxies=', f'Certificate={FOLDER}/{certificate}\nKey={FOLDER}/{key}\nProxies=', 1)


def test_certificate():
    """A certificate and its key: what cannot be used is refused, at its line."""
    make_pair('hub')
    make_pair('other')
    accepts(with_pair('hub.pem', 'hub.key').encode())
    with open(f'{FOLDER}/locked.key', 'wb') as file:
        file.write(subprocess.run(['openssl', 'pkey', '-aes256', '-passout', 'pass:x', '-in', f'{FOLDER}/hub.key'],
                                  check=True, capture_output=True).stdout)
    for certificate, key, at, accepted, status in (
            ('none.pem', 'hub.key', 'Certificate', "that the hub's user can read", AWAY),
            ('hub.pem', 'none.key', 'Key', "that the hub's user can read", AWAY),
            ('file', 'hub.key', 'Certificate', 'those that lead to its authority', WRONG),
            ('hub.key', 'hub.key', 'Certificate', 'those that lead to its authority', WRONG),
            ('hub.pem', 'file', 'Key', 'without a password', WRONG),
            ('hub.pem', 'hub.pem', 'Key', 'without a password', WRONG),
            ('hub.pem', 'locked.key', 'Key', 'without a password', WRONG),
            ('hub.pem', 'other.key', 'Key', 'with the key of the certificate', WRONG),
            ('', 'hub.key', 'Certificate', "that the hub's user can read", AWAY)):
        text = with_pair(certificate, key)
        line = next(i for i, line in enumerate(text.splitlines(), 1) if line.startswith(f'{at}='))
        check(text, [f'karez.conf:{line}: [Web] {at}: ', '; accepted: ', accepted], status)
    text = with_pair('hub.pem', 'hub.key').replace('https://karez', 'http://karez').replace('karez.example.org', 'localhost')
    check(text, ['[Web] Origin: with [Web] Certificate', 'accepted: https://localhost'], WRONG)


def test_only_for_https():
    text = GOOD.replace('https://karez.example.org', 'http://localhost')
    for line in ('Authority=own', 'RedirectPort=18080', 'StrictTransportSecurity=300'):
        accepts(GOOD.replace('Proxies=', f'{line}\nProxies=', 1).encode())
        check(text.replace('Proxies=', f'{line}\nProxies=', 1),
              [f'karez.conf:12: [Web] {line.split("=", maxsplit=1)[0]}: [Web] Origin is no HTTPS', 'accepted: an Origin of https://'], WRONG)


def test_https_beside_http():
    text = GOOD.replace('https://karez.example.org', 'http://localhost').replace('Proxies=', 'SecurePort=18445\nProxies=', 1)
    check(text, ['karez.conf:12: [Web] SecurePort: HTTPS needs a certificate', 'accepted: Authority=own, or Certificate and Key'], WRONG)
    accepts(text.replace('Proxies=', 'Authority=own\nProxies=', 1).encode())
    make_pair('beside', host='localhost')
    accepts(with_pair('beside.pem', 'beside.key').replace('https://karez.example.org', 'http://localhost')
            .replace('Proxies=', 'SecurePort=18445\nProxies=', 1).encode())


def test_authority_and_certificate():
    make_pair('both')
    text = with_pair('both.pem', 'both.key').replace('Certificate=', 'Authority=own\nCertificate=', 1)
    check(text, ['karez.conf:12: [Web] Authority: ', 'accepted: either Authority, or Certificate and Key'], WRONG)


def test_certificate_that_is_warned_of():
    """One that browsers warn of is told, and keeps nobody from working: the hub starts."""
    make_old('late', '20200101000000Z', '20200201000000Z')
    make_old('early', '20990101000000Z', '20990201000000Z')
    make_pair('strange', host='other.example.org')
    for name, words in (('late', 'the certificate has expired'), ('early', 'the certificate is not valid yet'),
                        ('strange', 'the certificate is not for the host of [Web] Origin')):
        output = accepts(with_pair(f'{name}.pem', f'{name}.key').encode())
        assert f'[Web] Certificate: {words}: ' in output and 'Web.Certificate' in output, output
        assert 'does not start' not in output, output


def test_shipped():
    """The file that is shipped names every key, with its default, and says what it says of a key that
    has none by an example that is accepted."""
    with open(os.path.join(SOURCE, 'data/karez.conf'), encoding='utf-8') as file:
        shipped = file.read()
    said, group = {}, ''
    for line in shipped.splitlines():
        if line.lstrip('#').startswith('['):
            group = line.strip('#[]')
        elif line.startswith('#') and not line.startswith('# ') and '=' in line:
            key, value = line[1:].split('=', 1)
            said[f'{group}.{key}'] = value
    with open(os.path.join(FOLDER, 'karez.conf'), 'w', encoding='utf-8') as file:
        file.write(shipped)
    _, output = run(KAREZCTL, '--json', '--config', os.path.join(FOLDER, 'karez.conf'), 'config')
    found = json.loads(output)
    # Somebody may listen at the ports that are everybody's.
    assert [one['key'] for one in found['findings'] if one['key'] != 'Port'] == ['Origin'], found['findings']
    known = {item['key']: item.get('value') for item in found['items']}
    plain = {key: value for key, value in said.items() if '[' not in key and not key.startswith('Plugin ')}
    assert sorted(plain) == sorted(known), set(plain) ^ set(known)
    examples = {'Web.Origin', 'Worker.Ports'}
    for key, value in known.items():
        assert key in examples or plain[key] == (value or ''), (key, plain[key], value)
    # Every line that has a value, without its mark, but for folders and users of the installed hub.
    lines = [line[1:] if re.match(r'#(?!Id=|State|Runtime|User|Launcher|\[Plugin|MaxMinutes)[A-Z]\S*=.', line) else line
             for line in shipped.splitlines()]
    text = '\n'.join(lines).replace('Port=8', 'Port=18') + '\n'
    accepts(text.replace('[Hub]', f'[Hub]\nState={FOLDER}/state\nRuntime={FOLDER}/run').encode())


def test_concealed():
    """Nothing that is shown has the database's password, or a plugin's."""
    for connection in ("host=db password=s3cret-s3cret user=karez", 'postgresql://karez:s3cret@db/karez',
                       "host=db user=karez password = 's3cret s3cret'",
                       'host=db sslpassword=s3cret', 'postgresql://karez@db/karez?password=s3cret'):
        output = accepts(replaced('Database', 'Connection', connection)[0].encode())
        assert 's3cret' not in output and 'karez' in output and '********' in output, output
    code, output = run(KAREZCTL, '--json', '--config', os.path.join(FOLDER, 'karez.conf'), 'config')
    assert code == 0 and 's3cret' not in output and '"findings"' in output, output


def test_concealed_in_errors():
    """What cannot be read of a connection may be a piece of the password, also for other commands."""
    path = os.path.join(FOLDER, 'karez.conf')
    for connection in ('host=db password=s3cret-s3cret more-of-s3cret', 'postgresql://u:s3cret@h:port:x/y',
                       'host=/nowhere dbname=x password=s3cret connect_timeout=1'):
        with open(path, 'w', encoding='utf-8') as file:
            file.write(replaced('Database', 'Connection', connection)[0])
        for command in (['migrate', '--check'], ['--json', 'migrate']):
            code, output = run(KAREZCTL, '--config', path, *command)
            assert code != 0 and output and 's3cret' not in output, output


def test_plugins_are_shown():
    output = accepts(GOOD.encode())
    line = next(line for line in output.splitlines() if 'Plugin template.MaxMinutes' in line)
    assert '5' in line.split() and any('karez.conf' in word for word in line.split()), line
    assert any('Hub.Name[zh_CN]' in line and '测试' in line for line in output.splitlines()), output


def test_several():
    """All of them are said, not the first."""
    text = GOOD.replace('Port=18443', 'Port=x').replace('[Media]', '[Medium]').replace(
        'Ports=40000-40999', 'Ports=1-2')
    check_first(text, ['[Web] Port: '])
    check_first(text, ['[Medium]: '])
    check_first(text, ['[Worker] Ports: '])


def test_file():
    """No file, a folder, one that is too large, one of bytes."""
    folder = os.path.join(FOLDER, 'folder')
    os.mkdir(folder)
    large = os.path.join(FOLDER, 'large')
    with open(large, 'w', encoding='utf-8') as file:
        file.write(GOOD + '#' * 70000)
    for path, words in ((os.path.join(FOLDER, 'no.conf'), 'it cannot be read'), (folder, 'it cannot be read'),
                        (large, '64 KiB at most'), ('/dev/zero', '64 KiB at most')):
        for command in ([KAREZCTL, '--config', path, 'config'], [KAREZD, '--config', path]):
            code, output = run(*command)
            assert code == (1 if command[0] is KAREZCTL else WRONG), output
            assert path in output and words in output, output


def test_other_identity():
    """An Id beside the identity that State holds; and an identity that is none."""
    state = os.path.join(FOLDER, 'used')
    text = GOOD.replace(f'{FOLDER}/state', state)
    os.mkdir(state)
    pem = os.path.join(state, 'identity.pem')
    key, certificate = os.path.join(FOLDER, 'key'), os.path.join(FOLDER, 'certificate')
    own = '0f9619ff-8b86-4d01-b42d-00cf4fc964ff'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ed25519', '-nodes', '-subj', f'/CN={own}',
                    '-keyout', key, '-out', certificate], check=True, capture_output=True)
    with open(pem, 'w', encoding='utf-8') as out:
        os.chmod(pem, 0o600)
        for part in (key, certificate):
            with open(part, encoding='utf-8') as file:
                out.write(file.read())
    accepts(text.replace('Name=Test', f'Name=Test\nId={own}').encode())
    check(text.replace('Name=Test', f'Name=Test\nId={OTHER_ID}'),
          ['karez.conf:4: [Hub] Id: ', pem, f'accepted: {own}, or no Id'], WRONG)
    with open(pem, 'w', encoding='utf-8') as out:
        out.write('nonsense\n')
    check(text, ['karez.conf:5: [Hub] State: ', pem, 'from a backup'], WRONG)


def test_port_is_taken():
    """By another program: both say so. By the hub itself: that is as it should be."""
    with socket.socket() as taken, socket.socket(socket.AF_UNIX) as hub:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(('127.0.0.1', 18444))
        taken.listen()
        check(GOOD, ['karez.conf:16: [Peers] Port: another program listens at port 18444', '; accepted: '], AWAY)
        os.makedirs(f'{FOLDER}/run', exist_ok=True)
        hub.bind(f'{FOLDER}/run/karezd.sock')
        hub.listen()
        accepts(GOOD.encode())
    os.unlink(f'{FOLDER}/run/karezd.sock')


def test_launcher_of_the_command_line():
    """The unit's option is named as what it is."""
    path = os.path.join(FOLDER, 'karez.conf')
    accepts(GOOD.encode())
    for launcher, words, status in ((f'{FOLDER}/none.sock', 'karez-worker.socket', AWAY),
                                    ('none.sock', 'an absolute path', WRONG)):
        code, output = run(KAREZD, '--config', path, '--launcher', launcher)
        assert code == status and words in output, output
        assert '--launcher: [Worker] Launcher: ' in output, output


def test_command_line():
    for arguments, code, words in ((['--help'], 0, '--config'), (['--version'], 0, 'karezd '),
                                   (['--nonsense'], WRONG, '--help'), (['nonsense'], WRONG, '--help'),
                                   (['--config'], WRONG, '--help')):
        got, output = run(KAREZD, *arguments)
        assert got == code and words in output, (arguments, got, output)


def test_ordinary_user():
    """Somebody who may read the file and not the hub's folders can check it."""
    if os.geteuid() != 0:
        return
    state = os.path.join(FOLDER, 'private')
    os.mkdir(state, 0o700)
    os.chmod(FOLDER, 0o755)
    path = os.path.join(FOLDER, 'karez.conf')
    accepts(GOOD.replace(f'{FOLDER}/state', state).encode())
    done = subprocess.run([KAREZCTL, '--config', path, 'config'], user='nobody', group='nogroup',
                          extra_groups=[], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    done = subprocess.run([KAREZD, '--config', path], user='nobody', group='nogroup', extra_groups=[],
                          capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == AWAY and '[Hub] State: the hub cannot write there' in done.stderr, done


def main():
    with open(os.path.join(FOLDER, 'file'), 'w', encoding='utf-8'):
        pass
    tests = [(f'{group} {key}={value}', value_test(group, key, value, *rest))
             for group, key, value, *rest in VALUES]
    tests += [(f'{new} for {old}', text_test(old, new, *rest)) for old, new, *rest in TEXTS]
    tests += [(name.removeprefix('test_').replace('_', '-'), test)
              for name, test in globals().items() if name.startswith('test_')]
    words = [word for word in sys.argv[2:] if word != '-v']
    tests = [test for test in tests if not words or any(word in test[0] for word in words)]
    print(f'1..{len(tests)}', flush=True)
    for number, (name, test) in enumerate(tests, 1):
        attempt(number, name, test)
    return 1 if failed else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
