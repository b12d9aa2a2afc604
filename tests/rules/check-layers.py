#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A directory under hub/ includes lower levels only, level-3 siblings never; a plugin sees
<karez.h>, its own files and the system's, and uses nothing that is marked KAREZ_PRIVATE."""
import os
import re
import sys

import csource

LEVELS = {
    'base': 0, 'sdk': 1, 'store': 2,
    'audit': 3, 'agenda': 3, 'peers': 3, 'link': 3, 'rtc': 3, 'web': 3,
    'engine': 4, 'check': 5, 'daemon': 6, 'worker': 6, 'ctl': 6,
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)
PRIVATE = re.compile(r'^KAREZ_PRIVATE\b[^;{]*?\b(karez_\w+)\s*\(', re.M | re.S)


def owners(files):
    """Header name → the directories under hub/ that have one of that name."""
    found = {}
    for path in files:
        parts = path.split('/')
        if parts[0] == 'hub' and path.endswith('.h'):
            found.setdefault(parts[-1], set()).add(parts[1])
    return found


def check_hub(path, number, quote, name, owner, faults, lines):
    own = path.split('/')[1]
    base = os.path.basename(name)
    if '/' in name and quote == '"':
        faults.add(path, number, 'include-path', f'"{name}": say "{base}"', lines)
    for other in owner.get(base, ()):
        if other == own:
            continue
        if other == 'sdk' and base != 'karez.h' and not base.startswith('hub-'):
            if own != 'sdk' and 'private' not in base:
                faults.add(path, number, 'umbrella', f'{base}: include <karez.h>', lines)
        if LEVELS[other] >= LEVELS[own]:
            why = 'a sibling' if LEVELS[other] == LEVELS[own] else 'a higher level'
            faults.add(path, number, 'layer', f'hub/{own} (level {LEVELS[own]}) includes {base} of '
                       f'hub/{other} (level {LEVELS[other]}), {why}', lines)


def check_plugin(root, path, number, quote, name, owner, faults, lines):
    parts = path.split('/')
    base = os.path.basename(name)
    test = base_is_test(parts)
    if quote == '"':
        folder = os.path.join(root, *parts[:2])
        own = any(base in names for _, _, names in os.walk(folder))
        generated = base.endswith('-resources.h')
        if not own and not generated and not test:
            faults.add(path, number, 'plugin-include',
                       f'"{name}" is not of this plugin; a plugin sees <karez.h> only', lines)
    elif base != 'karez.h' and base in owner and not test:
        faults.add(path, number, 'plugin-include', f'<{name}>: include <karez.h>', lines)


def base_is_test(parts):
    return 'tests' in parts[2:] or parts[-1].startswith('test-')


def main():
    root = csource.root_from_arguments()
    faults = csource.Faults(root)
    files = csource.c_files(root)
    owner = owners(files)
    private = set()
    for path in files:
        if path.startswith('hub/sdk/') and path.endswith('.h'):
            private |= set(PRIVATE.findall(csource.blank(csource.read(root, path))))
    looked = 0
    for path in files:
        parts = path.split('/')
        if parts[0] not in ('hub', 'plugins'):
            continue
        looked += 1
        if parts[0] == 'hub' and parts[1] not in LEVELS:
            faults.add(path, 1, 'layer', f'hub/{parts[1]} has no level in {__file__}')
            continue
        text = csource.read(root, path)
        lines = text.splitlines()
        for found in INCLUDE.finditer(csource.blank(text, strings=False)):
            number = csource.line_of(text, found.start(1))
            quote, name = found.groups()
            if parts[0] == 'hub':
                check_hub(path, number, quote, name, owner, faults, lines)
            else:
                check_plugin(root, path, number, quote, name, owner, faults, lines)
        if parts[0] == 'plugins' and not base_is_test(parts):
            code = csource.blank(text)
            for found in re.finditer(r'\bkarez_\w+\b', code):
                if found.group(0) in private:
                    faults.add(path, csource.line_of(code, found.start()), 'plugin-private',
                               f'{found.group(0)} is for the hub alone', lines)
            for found in re.finditer(r'\bHub[A-Z]\w+|\bhub_\w+\s*\(', code):
                faults.add(path, csource.line_of(code, found.start()), 'plugin-private',
                           f'{found.group(0)} belongs to the hub', lines)
    return faults.end(looked)


if __name__ == '__main__':
    sys.exit(main())
