#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The subjects of the newest commits: "module: what it does", at most 72 characters. Nothing is
looked at where the tree is no repository."""
import os
import re
import subprocess
import sys

import csource

NEWEST = 100
MOST = 72
SUBJECT = re.compile(r'[a-z0-9][a-z0-9-]*(, [a-z0-9-]+)*: \S')
SKIPPED = 77


def check_subject(subject):
    if len(subject) > MOST:
        return f'{len(subject)} characters, {MOST} are the most'
    if not SUBJECT.match(subject):
        return 'a subject is "module: what it does"'
    return None


def main():
    root = csource.root_from_arguments()
    if not os.path.exists(os.path.join(root, '.git')):
        print('no repository')
        return SKIPPED
    log = subprocess.run(['git', '-C', root, '-c', 'safe.directory=*', 'log', '--no-merges',
                          f'--max-count={NEWEST}', '--format=%h%x09%s'],
                         stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    faults = 0
    for commit, subject in (line.split('\t', 1) for line in log):
        fault = check_subject(subject)
        if fault:
            faults += 1
            print(f'{commit}: {fault}: {subject}')
    print(f'{len(log)} subjects, {faults} faults')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
