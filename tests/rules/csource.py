# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the rules share: the files, C and C++ without comments and strings, how a fault is told."""
import os
import re
import subprocess
import sys

NOCHECK = re.compile(r'nocheck:([\w-]+)\s+--\s+\S')
TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


class Faults:
    """Collects faults; a line with `nocheck:RULE -- why` on it or above it is let pass."""

    def __init__(self, root):
        self.root = root
        self.count = 0
        self.notes = 0

    def excused(self, lines, number, rule):
        for line in lines[max(0, number - 2):number]:
            found = NOCHECK.search(line)
            if found and found.group(1) == rule:
                return True
        return False

    def add(self, path, number, rule, text, lines=()):
        if not self.excused(lines, number, rule):
            self.count += 1
            print(f'{path}:{number}: {rule}: {text}')

    def note(self, path, number, rule, text, lines=()):
        if not self.excused(lines, number, rule):
            self.notes += 1
            print(f'{path}:{number}: note: {rule}: {text}')

    def end(self, files):
        print(f'{files} files, {self.count} faults, {self.notes} notes')
        if not files:
            print('no file was looked at')
        return 1 if self.count or not files else 0


def root_from_arguments():
    here = os.path.dirname(os.path.abspath(__file__))
    return sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(here))


def tracked(root):
    """The tree's files: what git would keep, or everything where there is no git."""
    if os.path.exists(os.path.join(root, '.git')):
        answer = subprocess.run(
            ['git', '-c', 'safe.directory=*', '-C', root, 'ls-files', '-z', '--cached', '--others',
             '--exclude-standard'], check=True, stdout=subprocess.PIPE)
        names = answer.stdout.decode().split('\0')
        return sorted({name for name in names if name and os.path.isfile(os.path.join(root, name))})
    names = []
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in ('.git', 'node_modules', 'var')
                      and not f.startswith('build')]
        names += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return sorted(names)


def read(root, path):
    with open(os.path.join(root, path), encoding='utf-8') as file:
        return file.read()


SOURCES = ('.c', '.cpp')
C_ENDINGS = (*SOURCES, '.h', '.hpp')


def c_files(root):
    return [path for path in tracked(root) if path.endswith(C_ENDINGS)]


def blank(text, strings=True):
    """Comments (and the insides of strings) as spaces; lines and columns stay."""
    def hide(match):
        token = match.group(0)
        if token[0] in '"\'':
            if not strings:
                return token
            return token[0] + ' ' * (len(token) - 2) + token[-1]
        return re.sub(r'[^\n]', ' ', token)
    return TOKEN.sub(hide, text)


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1
