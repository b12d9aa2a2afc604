#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A directory under hub/ includes lower levels only, level-3 siblings never; its SQL, in .sql files
and in C, names its own schema and those of lower levels. A plugin sees <karez.h>, its own files and
the system's, uses nothing that is marked KAREZ_PRIVATE, and names its own schema and the public
part of "karez"."""
import os
import re
import sys

import csource

LEVELS = {
    'base': 0, 'sdk': 1, 'store': 2,
    'audit': 3, 'agenda': 3, 'peers': 3, 'link': 3, 'rtc': 3, 'web': 3,
    'engine': 4, 'check': 5, 'testing': 5, 'daemon': 6, 'worker': 6, 'ctl': 6,
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)
PRIVATE = re.compile(r'^KAREZ_PRIVATE\b[^;{]*?\b(karez_\w+)\s*\(', re.M | re.S)

# What has tables: "karez" is the store's, a plugin's has the name of its folder.
SCHEMAS = {'karez': LEVELS['store'], **{name: LEVELS[name] for name in
                                        ('audit', 'agenda', 'peers', 'web', 'engine')}}
TABLE = re.compile(r'(?<![\w.$])([a-z][a-z0-9_]*)\.[a-z_]\w*')
COMMENT = re.compile(r'--[^\n]*')
SQL = re.compile(r'\b(select|insert into|update|delete from|create|alter table|join|from)\b', re.I)
LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"')
# What is applied stays as it is; what it named was put right by a later one.
APPLIED = {('hub/agenda/sql/0001-agenda.sql', 'engine'): '0006-sessions.sql'}


def schemas_allowed(path):
    """The schemas that this file's SQL may name: all others of SCHEMAS are above it."""
    parts = path.split('/')
    if parts[0] == 'plugins':
        return {parts[1], 'karez'}
    own = 'karez' if parts[1] == 'store' else parts[1]
    level = LEVELS[parts[1]]
    return {name for name, at in SCHEMAS.items() if at < level or name == own}


def check_sql(path, text, at, faults, lines, plugins):
    """The SQL of a file, which begins at a line of it."""
    allowed = schemas_allowed(path)
    for found in TABLE.finditer(COMMENT.sub(lambda one: ' ' * len(one.group(0)), text)):
        schema = found.group(1)
        if schema in allowed or schema not in plugins.union(SCHEMAS) or (path, schema) in APPLIED:
            continue
        faults.add(path, at + text.count('\n', 0, found.start()), 'sql-layer',
                   f'{found.group(0)} is of a schema that is not below this one: ask for a view or '
                   'a call', lines)


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
    tracked = csource.tracked(root)
    plugins = {path.split('/')[1] for path in tracked if path.startswith('plugins/')}
    for path in tracked:
        if path.endswith('.sql') and path.split('/')[0] in ('hub', 'plugins'):
            looked += 1
            text = csource.read(root, path)
            check_sql(path, text, 1, faults, text.splitlines(), plugins)
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
        for found in LITERAL.finditer(csource.blank(text, strings=False)):
            if SQL.search(found.group(1)):
                check_sql(path, found.group(1), csource.line_of(text, found.start()), faults, lines,
                          plugins)
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
