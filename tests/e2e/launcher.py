#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays systemd with karez-worker.socket and karez-worker@.service: for each connection of the
hub's user a worker under another one, to which the hubs' files are read-only.

launcher.py SOCKET OWNER USER READ-ONLY-DIRECTORY PROGRAM"""
import os
import pwd
import socket
import subprocess
import sys

path, owner, user, directory, program = sys.argv[1:]
# The mounts are of its own, as with ProtectSystem=strict.
SANDBOX = '''mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 1
exec setpriv --reuid "$2" --regid "$3" --clear-groups --no-new-privs -- "$4" --launched'''
group = str(pwd.getpwnam(user).pw_gid)

listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(path)
os.chown(path, pwd.getpwnam(owner).pw_uid, -1)
os.chmod(path, 0o600)
listener.listen(128)
listener.settimeout(0.1)
print('listening', flush=True)
children = []
while True:
    try:
        connection, _ = listener.accept()
    except TimeoutError:
        children = [child for child in children if child.poll() is None]
        continue
    with connection:
        children.append(subprocess.Popen(
            ['unshare', '--mount', 'sh', '-c', SANDBOX, 'sh', directory, user, group, program],
            stdin=connection, cwd='/',
            env={'PATH': os.environ['PATH'], 'G_DEBUG': 'fatal-criticals'}))
