#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each catalogue says every message of the sources: what po/update would gather is there, and
nothing is untranslated or waits for a look. A plugin with a po/ of its own has its own, which its
po/update --check looks at; there the hub's have nothing of it."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import csource

LANGUAGES = ('en', 'zh_CN', 'ug')
ENTRY = re.compile(r'^msgid ((?:"(?:\\.|[^"\\])*"\n?)+)', re.M)
LITERAL = re.compile(r'"((?:\\.|[^"\\])*)"')


def messages(catalogue, *options):
    """The msgids of a catalogue that the options of msgattrib pick."""
    text = subprocess.run(['msgattrib', '--no-obsolete', '--no-wrap', *options, catalogue],
                          check=True, stdout=subprocess.PIPE).stdout.decode()
    return {''.join(LITERAL.findall(entry)) for entry in ENTRY.findall(text)} - {''}


def main():
    root = csource.root_from_arguments()
    faults = csource.Faults(root)
    with tempfile.TemporaryDirectory() as copy:
        # po/update writes into the tree it stands in.
        for path in csource.tracked(root):
            if path.startswith(('hub/', 'plugins/', 'data/web/src/', 'po/')):
                os.makedirs(os.path.dirname(os.path.join(copy, path)), exist_ok=True)
                shutil.copy(os.path.join(root, path), os.path.join(copy, path))
        answer = subprocess.run(['sh', 'po/update'], cwd=copy, check=False,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if answer.returncode:
            sys.exit('po/update failed:\n' + answer.stdout.decode())
        wanted = messages(os.path.join(copy, 'po', 'karez.pot'))
        for language in LANGUAGES:
            path = f'po/{language}.po'
            catalogue = os.path.join(root, path)
            there = messages(catalogue)
            for message in sorted(wanted - there):
                faults.add(path, 1, 'catalogue', f'run po/update: "{message}" is missing')
            for message in sorted(there - wanted):
                faults.add(path, 1, 'catalogue', f'run po/update: nothing says "{message}"')
            for message in sorted(messages(catalogue, '--untranslated')
                                  | messages(catalogue, '--only-fuzzy')):
                faults.add(path, 1, 'untranslated', f'"{message}"')
    for path in csource.tracked(root):
        if re.fullmatch(r'plugins/[^/]+/po/update', path):
            own = subprocess.run(['sh', os.path.join(root, path), '--check'], check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if own.returncode:
                faults.add(path, 1, 'catalogue', own.stdout.decode().strip())
    return faults.end(len(wanted))


if __name__ == '__main__':
    sys.exit(main())
