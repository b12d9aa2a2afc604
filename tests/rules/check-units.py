#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd understands every unit of the tree, and knows the users that they name."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import csource

UNIT = re.compile(r'data/systemd/([^/]+\.(?:service|socket))(?:\.in)?')
USER = re.compile(r'^(?:Socket)?(?:User|Group)=(\S+)', re.M)
MADE = re.compile(r'^u!? +(\S+)', re.M)


def verify(program, units, faults):
    """What `systemd-analyze verify` says, of copies whose programs are there."""
    with tempfile.TemporaryDirectory() as folder:
        for name, (_, text) in units.items():
            with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
                file.write(re.sub(r'@\w+@/\S+', '/bin/true', text))
        answer = subprocess.run([program, 'verify', '--man=no', *units], cwd=folder, check=False,
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = [line for line in answer.stdout.splitlines() if any(name in line for name in units)]
    for line in dict.fromkeys(said) or ([answer.stdout] if answer.returncode else []):
        name = next((name for name in units if name in line), next(iter(units)))
        faults.add(units[name][0], 1, 'unit', line)


def main():
    root = csource.root_from_arguments()
    faults = csource.Faults(root)
    program = shutil.which('systemd-analyze')
    if not program:
        sys.exit('systemd-analyze is not installed')
    tracked = csource.tracked(root)
    units = {found[1]: (path, csource.read(root, path))
             for path in tracked if (found := UNIT.fullmatch(path))}
    made = {user for path in tracked if path.endswith('.sysusers')
            for user in MADE.findall(csource.read(root, path))}
    for path, text in units.values():
        for user in USER.findall(text):
            if user not in made:
                faults.add(path, 1, 'user', f'no .sysusers makes “{user}”')
    if units:
        verify(program, units, faults)
    return faults.end(len(units))


if __name__ == '__main__':
    sys.exit(main())
