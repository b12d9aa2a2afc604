# SPDX-License-Identifier: LGPL-2.1-or-later
"""What libkarez promises: each public symbol says since which version it is there, in a block that
the reference is made of, and each public function looks at what it is given before it uses it."""
import re
import sys

from csource import Faults, blank, line_of, read, root_from_arguments, tracked

BLOCK = re.compile(r'/\*\*\n(?:(?!\*/).)*\*/\s*\Z', re.S)
FUNCTION = re.compile(r'^KAREZ_PUBLIC (?!G_DECLARE)[^;(]*?\b(karez_\w+) \(', re.M)
TYPE = re.compile(r'^typedef (?:enum|struct)\n\{.*?^\} (\w+);|^typedef struct _\w+ (\w+);'
                  r'|^typedef [^;{]*?\(\*(\w+)\) \([^;]*;|^struct _(\w+)\n\{', re.M | re.S)
DEFINITION = re.compile(r'^[A-Za-z][^\n;{}()]*\n(karez_\w+) \(((?:[^()]|\([^)]*\))*)\)\n\{\n(.*?)^\}\n',
                        re.M | re.S)


def check_header(path, text, faults, public):
    lines = text.split('\n')
    for found in list(FUNCTION.finditer(text)) + list(TYPE.finditer(text)):
        name = next(group for group in found.groups() if group)
        if found.re is FUNCTION:
            public.add(name)
        block = BLOCK.search(text[:found.start()])
        number = line_of(text, found.start())
        if block is None or not re.search(r'^ *\* ' + name + r':', block.group(0), re.M):
            faults.add(path, number, 'sdk-block', f'{name} has no block of its own', lines)
        elif not re.search(r'\bSince: 1\.\d+$', block.group(0), re.M):
            faults.add(path, number, 'sdk-since', f'{name} does not say since when it is there', lines)


def check_source(path, text, faults, public):
    lines = text.split('\n')
    code = blank(text)
    for found in DEFINITION.finditer(code):
        name, given, body = found.groups()
        first = ' '.join(given.split(',')[0].split())
        if name in public and '*' in first and '**' not in first and 'g_return_' not in body:
            faults.add(path, line_of(text, found.start()), 'sdk-guard',
                       f'{name} takes “{first}” unseen', lines)


def main():
    root = root_from_arguments()
    faults = Faults(root)
    files = [path for path in tracked(root) if re.fullmatch(r'hub/(?:sdk|testing)/karez-[\w-]+\.[ch]', path)
             and not path.endswith('-private.h')]
    public = set()
    for path in files:
        if path.endswith('.h'):
            check_header(path, read(root, path), faults, public)
    for path in files:
        if path.endswith('.c'):
            check_source(path, read(root, path), faults, public)
    sys.exit(faults.end(len(files)))


main()
