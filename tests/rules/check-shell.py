#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every shell script of the tree passes shellcheck."""
import shutil
import subprocess
import sys

import csource


def main():
    root = csource.root_from_arguments()
    faults = csource.Faults(root)
    program = shutil.which('shellcheck')
    if not program:
        sys.exit('shellcheck is not installed')
    scripts = []
    for path in csource.tracked(root):
        try:
            first = csource.read(root, path)[:60].split('\n')[0]
        except UnicodeDecodeError:
            continue
        if first.startswith(('#!/bin/sh', '#!/bin/bash', '#!/usr/bin/env bash',
                             '# shellcheck shell')):
            scripts.append(path)
    answer = subprocess.run([program, '-x', '--format=gcc', *scripts], cwd=root, check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for line in answer.stdout.decode().splitlines():
        path, number, rest = (line.split(':', 2) + ['1', ''])[:3]
        faults.add(path, int(number) if number.isdigit() else 1, 'shell', rest)
    return faults.end(len(scripts))


if __name__ == '__main__':
    sys.exit(main())
