#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One machine of an administrator: namespaces of its own, in which what was installed into ROOT
stands where it belongs. Scripts are run in it as they come in, one JSON object a line:
{"script": TEXT, "input": TEXT} is answered by {"code": N, "out": TEXT, "err": TEXT}.

machine.py ROOT TOOLS SOURCE DATA-SIZE      as the first process of unshare --mount --net --pid
ROOT: of `meson install --destdir`; TOOLS: a directory for PATH; DATA-SIZE: of /var/lib/karez, bytes"""
import json
import os
import shutil
import subprocess
import sys

root, tools, source, data_size = sys.argv[1:]


def mount(*arguments):
    subprocess.run(['mount', *arguments], check=True)


def main():
    mount('--make-rprivate', '/')
    mount('-t', 'proc', 'proc', '/proc')
    # /etc with its own users, hosts, certificates and services; nothing of it stays.
    copy = '/run/etc'
    mount('-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', '/run')
    shutil.copytree('/etc', copy, symlinks=True)
    mount('--bind', copy, '/etc')
    mount('--bind', os.path.join(root, 'usr/local'), '/usr/local')
    # The test's own may be in what is hidden below.
    os.mkdir('/run/source')
    mount('--bind', source, '/run/source')
    for path in ('/root', '/var/cache/ldconfig', '/var/log', '/var/tmp', '/var/lib/postgresql'):
        mount('-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', path)
    subprocess.run(['ldconfig'], check=True)  # as `meson install` does without --destdir
    # Small, so that it can be filled.
    os.makedirs('/var/lib/karez', exist_ok=True)
    mount('-t', 'tmpfs', '-o', f'mode=0755,size={data_size}', 'tmpfs', '/var/lib/karez')
    os.makedirs('/var/log/nginx')
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
    environment = {
        'PATH': f'{os.path.join("/run/source", os.path.relpath(tools, source))}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root',
        'LC_ALL': 'C.UTF-8', 'KAREZ_SOURCE': '/run/source',
    }
    print(json.dumps({'ready': True}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        with open('/run/out', 'w+', encoding='utf-8') as out, open('/run/err', 'w+', encoding='utf-8') as err:
            # Files, since what a script leaves running would hold a pipe open.
            done = subprocess.run(['bash', '-euo', 'pipefail', '-c', asked['script']], cwd='/root', check=False,
                                  env=environment, input=asked.get('input', ''), text=True, stdout=out, stderr=err)
            out.seek(0)
            err.seek(0)
            print(json.dumps({'code': done.returncode, 'out': out.read(), 'err': err.read()}), flush=True)


if __name__ == '__main__':
    main()
