#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `meson install` puts on a machine, as systemd would meet it: units whose programs are there,
users and folders, and a hub that starts by what its unit says, with the file that is shipped.

test-installed.py BUILD SOURCE          a part needs root and namespaces, and is skipped without"""
import contextlib
import fcntl
import json
import os
import pwd
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

UNITS = ('karezd.service', 'karez-worker@.service', 'karez-worker.socket')
ORIGIN = 'https://karez.example.org'
failed = 0


def run(*command, **more):
    more = {'check': True, 'text': True, 'stdout': subprocess.PIPE, 'stderr': subprocess.STDOUT,
            'stdin': subprocess.DEVNULL, 'timeout': 120, **more}
    done = subprocess.run(command, **{**more, 'check': False})
    assert not more['check'] or done.returncode == 0, f'{command} ends with {done.returncode}:\n{done.stdout}'
    return done


def read(*parts):
    with open(os.path.join(*parts), encoding='utf-8') as file:
        return file.read()


def value_of(unit, key):
    found = re.findall(rf'^{key}=(.*)$', unit, re.M)
    assert len(found) == 1, (key, found)
    return found[0]


def words(unit):
    """What the unit starts; %t is /run for the system's units."""
    return value_of(unit, 'ExecStart').replace('%t', '/run').split()


def prefix_of(build):
    options = json.loads(run('meson', 'introspect', '--buildoptions', build, stderr=None).stdout)
    return next(option['value'] for option in options if option['name'] == 'prefix')


def test_programs(root, prefix, **_):
    """Each program that a unit starts is installed where it says."""
    folder = f'{root}{prefix}/lib/systemd/system'
    assert sorted(os.listdir(folder)) == sorted(UNITS), os.listdir(folder)
    for name in UNITS:
        unit = read(folder, name)
        assert not re.search(r'@\w+@', unit), unit
        if 'ExecStart' in unit:
            program = words(unit)[0]
            assert os.access(root + program, os.X_OK), f'{name} starts {program}, which is not installed'
            assert os.path.dirname(program) == f'{prefix}/libexec/karez', program


def test_libraries(root, prefix, **_):
    """Each program finds the library of its own prefix, wherever that lies, and no other one."""
    if prefix == '/usr':
        return '# SKIP where every program looks by itself'
    environment = {name: value for name, value in os.environ.items() if name != 'LD_LIBRARY_PATH'}
    testing = run('find', root + prefix, '-name', 'libkarez-testing-1.so.1').stdout.strip()
    for path in (f'{root}{prefix}/bin/karezctl', f'{root}{prefix}/libexec/karez/karezd',
                 f'{root}{prefix}/libexec/karez/karez-worker', testing):
        found = re.findall(r'libkarez-1\.so\.1 => (\S+)', run('ldd', path, env=environment).stdout)
        assert len(found) == 1 and os.path.realpath(found[0]).startswith(os.path.realpath(root) + '/'), (path, found)


def test_prefix_of_debian(source, **_):
    """With --prefix=/usr too: what is configured is compared, and not built again."""
    with tempfile.TemporaryDirectory() as folder:
        run('meson', 'setup', '--prefix=/usr', '--libexecdir=libexec', folder, source)
        plan = json.loads(run('meson', 'introspect', '--install-plan', folder, stderr=None).stdout)
        installed = {entry['destination'] for kind in plan.values() for entry in kind.values()}
        for name in UNITS[:2]:
            program = words(read(folder, 'data/systemd', name))[0]
            assert program in {place.replace('{prefix}', '/usr') for place in installed}, (
                program, sorted(installed))
        copied = re.search(r'^C /etc/karez/karez.conf .* (\S+)$', read(folder, 'data/systemd/karez.conf'), re.M)
        assert copied and copied[1] == '/usr/share/karez/karez.conf', copied


def test_restart(root, prefix, **_):
    """A wrong configuration is not tried again, one that could not start not at once, one that died
    at once."""
    unit = read(f'{root}{prefix}/lib/systemd/system/karezd.service')
    assert value_of(unit, 'RestartPreventExitStatus').split() == ['2', '3']
    assert value_of(unit, 'Restart') == 'always'
    assert value_of(unit, 'Type') == 'notify'
    after = re.fullmatch(r"-/bin/sh -c '(.*)'", value_of(unit, 'ExecStopPost'))[1].replace('$$', '$')
    for status, slow in (('1', True), ('0', False), ('2', False), ('SEGV', False), ('KILL', False)):
        began = time.monotonic()
        run('sh', '-c', after, env={**os.environ, 'EXIT_STATUS': status})
        assert (time.monotonic() - began > 1) == slow, status


def test_users_and_folders(root, prefix, **_):
    """By systemd-sysusers and systemd-tmpfiles, in the root; a file that was edited stays."""
    shutil.copytree('/etc', f'{root}/etc', symlinks=True, dirs_exist_ok=True)
    # What this machine has of them is not the root's.
    for name in ('passwd', 'group', 'shadow', 'gshadow'):
        path = f'{root}/etc/{name}'
        if os.path.exists(path):
            lines = [line for line in read(path).splitlines() if not line.startswith('karez')]
            with open(path, 'w', encoding='utf-8') as file:
                file.write('\n'.join(lines) + '\n')
    shutil.rmtree(f'{root}/etc/karez', ignore_errors=True)
    os.makedirs(f'{root}/var/lib')
    run('systemd-sysusers', f'--root={root}', f'{root}{prefix}/lib/sysusers.d/karez.conf')
    passwd, group = read(root, 'etc/passwd'), read(root, 'etc/group')
    for user in ('karez', 'karez-worker'):
        assert f'\n{user}:' in passwd, passwd
    assert re.search(r'^karez-worker:[^:]*:\d+:karez$', group, re.M), group
    for _ in range(2):
        run('systemd-tmpfiles', f'--root={root}', '--create', f'{root}{prefix}/lib/tmpfiles.d/karez.conf')
        conf = f'{root}/etc/karez/karez.conf'
        assert os.stat(conf).st_mode & 0o777 == 0o640, oct(os.stat(conf).st_mode)
        assert os.stat(f'{root}/var/lib/karez').st_mode & 0o777 == 0o700
        with open(conf, 'a', encoding='utf-8') as file:
            file.write('# edited\n')
    assert read(conf).count('# edited\n') == 2, 'an edited file was written over'


# Inside: this machine, with what was installed in its place.

def mount(*arguments):
    run('mount', *arguments)


def open_loopback():
    with socket.socket() as any_socket:
        request = struct.pack('16sh14x', b'lo', 0x1)
        fcntl.ioctl(any_socket, 0x8914, request)     # SIOCSIFFLAGS, IFF_UP


def settle(root, prefix):
    mount('--bind', root + prefix, prefix)
    mount('--bind', f'{root}/etc', '/etc')
    mount('--bind', f'{root}/var/lib', '/var/lib')
    mount('-t', 'tmpfs', 'tmpfs', '/run')
    open_loopback()
    run('/sbin/ldconfig')
    user = pwd.getpwnam('karez')
    os.mkdir('/run/karez', 0o711)
    os.chown('/run/karez', user.pw_uid, user.pw_gid)
    os.mkdir('/run/karez-worker', 0o755)
    return user


def as_hub(*command):
    """As the unit has it started."""
    return ['setpriv', '--reuid', 'karez', '--regid', 'karez', '--init-groups', '--no-new-privs',
            '--inh-caps=-all', '--bounding-set=-all', *command]


@contextlib.contextmanager
def launcher(user):
    """Where systemd listens for karez-worker.socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind('/run/karez-worker/launch.sock')
        os.chown('/run/karez-worker/launch.sock', user.pw_uid, -1)
        os.chmod('/run/karez-worker/launch.sock', 0o600)
        listener.listen()
        yield


def start(command, environment, user):
    """Until it is ready; systemd hears of it."""
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind('/run/notify')
    os.chown('/run/notify', user.pw_uid, -1)
    hub = subprocess.Popen(as_hub(*command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           stdin=subprocess.DEVNULL, text=True, cwd='/',
                           env={**environment, 'NOTIFY_SOCKET': '/run/notify'})
    said, end = [], time.monotonic() + 90
    for line in hub.stdout:
        said.append(line)
        if 'ready at' in line:
            break
        assert time.monotonic() < end, 'it is not ready:\n' + ''.join(said)
    assert said and 'ready at ' + ORIGIN in said[-1], ''.join(said)
    # This network has no way out.
    assert any('[Link] Address' in line and 'warning' in line for line in said), ''.join(said)
    manager.settimeout(5)
    heard = [manager.recv(200).decode() for _ in range(2)]
    assert heard == ['READY=1\nSTATUS=Starting', 'STATUS=Ready'], heard
    # Nothing that it starts speaks for it.
    for name in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError), open(f'/proc/{name}/environ', 'rb') as file:
            assert int(name) == hub.pid or b'NOTIFY_SOCKET' not in file.read(), name
    return hub


def inside(root, prefix):
    """Each step as the administrator meets it."""
    environment = {'PATH': f'{prefix}/bin:/usr/bin:/bin:/usr/sbin:/sbin', 'LC_ALL': 'C.UTF-8'}
    user = settle(root, prefix)
    folder = f'{prefix}/lib/systemd/system'
    done = run('systemd-analyze', 'verify', '--man=no', *(f'{folder}/{name}' for name in UNITS), check=False)
    said = [line for line in done.stdout.splitlines() if 'karez' in line]
    assert not said, '\n'.join(said)

    command = words(read(folder, 'karezd.service'))
    conf = '/etc/karez/karez.conf'
    with launcher(user):
        for program, status in ((as_hub(*command), 2), (['karezctl', 'config'], 1)):
            done = run(*program, check=False, env=environment, timeout=10)
            assert done.returncode == status and re.search(
                rf'^{conf}:\d+: \[Web\] Origin: it is not set', done.stdout, re.M), (program, done)
        # What must be set, as the file says it.
        text, n = re.subn(rf'^#\[?(Origin={ORIGIN})$', r'\1', read(conf), flags=re.M)
        assert n == 1
        with open(conf, 'w', encoding='utf-8') as file:
            file.write(text)
        done = run('karezctl', 'config', env=environment)
        assert 'Web.Origin' in done.stdout and conf in done.stdout, done.stdout
        for language, word in (('zh_CN', '；可接受：'), ('ug', 'قوبۇل قىلىنىدىغىنى')):
            done = run('karezctl', '--config', '/nowhere.conf', 'config', check=False,
                       env={**environment, 'LANGUAGE': language})
            assert done.returncode == 1 and word in done.stdout, (language, word, done.stdout)
        hub = start(command, environment, user)
        with contextlib.ExitStack() as stack:
            stack.callback(hub.kill)
            second = run(*as_hub(*command), check=False, env=environment, timeout=10)
            assert second.returncode == 1 and f'process {hub.pid}' in second.stdout, second
            hub.terminate()
            assert hub.wait(20) == 0


def test_start(root, prefix, **_):
    if os.geteuid() != 0 or run('unshare', '--mount', '--net', 'true', check=False).returncode != 0:
        return '# SKIP needs root and namespaces'
    if not os.path.isdir(prefix) or prefix == '/usr':
        return f'# SKIP {prefix} cannot be covered'
    done = run('unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc',
               sys.executable, os.path.abspath(__file__), '--inside', root, prefix, check=False)
    assert done.returncode == 0, done.stdout
    return None


def main():
    global failed  # pylint: disable=global-statement
    build, source = sys.argv[1:3]
    tests = [test for name, test in globals().items() if name.startswith('test_')]
    print(f'1..{len(tests)}', flush=True)
    with tempfile.TemporaryDirectory(prefix='karez-root-') as root:
        os.chmod(root, 0o755)
        run('meson', 'install', '-C', build, '--no-rebuild', env={**os.environ, 'DESTDIR': root})
        for number, test in enumerate(tests, 1):
            name = test.__name__.removeprefix('test_').replace('_', '-')
            try:
                note = test(root=root, prefix=prefix_of(build), source=source)
                print(f'ok {number} {name}{" " + note if note else ""}', flush=True)
            except (AssertionError, OSError, subprocess.SubprocessError) as error:
                failed += 1
                print('\n'.join('# ' + line for line in str(error).splitlines()))
                print(f'not ok {number} {name}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    if sys.argv[1] == '--inside':
        inside(*sys.argv[2:])
    else:
        sys.exit(main())
