#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Named statements: each name once, each call's statement in the .sql files of its module, none
left over; migrations numbered without a gap. That the database understands them is shown by the
store's own test, which prepares them all."""
import os
import re
import sys

import csource

NAME = re.compile(r'^--\s*name:\s*(\S+)\s*$', re.M)
# The statement's place among the arguments.
CALL = re.compile(r'\b(karez_transaction_run|karez_transaction_run_one|karez_store_query_async)\s*\(')
PLACE = {'karez_transaction_run': 1, 'karez_transaction_run_one': 3, 'karez_store_query_async': 1}
LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"')
MIGRATION = re.compile(r'^(\d{4})-[a-z0-9-]+\.sql$')


def first_arguments(code, at, count):
    """The text of the first arguments of a call whose "(" is before at."""
    found, depth, begin = [], 0, at
    while at < len(code) and len(found) < count:
        if code[at] == '"':
            at = csource.TOKEN.match(code, at).end()
            continue
        if code[at] in '([{':
            depth += 1
        elif code[at] in ')]}':
            depth -= 1
        if depth < 0 or (depth == 0 and code[at] == ','):
            found.append(code[begin:at].strip())
            begin = at + 1
            if depth < 0:
                break
        at += 1
    return found


def modules(files):
    """hub/NAME or plugins/NAME → (its .sql files, its C files)."""
    found = {}
    for path in files:
        parts = path.split('/')
        if parts[0] not in ('hub', 'plugins') or len(parts) < 3:
            continue
        sql, code = found.setdefault('/'.join(parts[:2]), ([], []))
        if path.endswith('.sql') and parts[2] == 'sql':
            sql.append(path)
        elif path.endswith('.c'):
            code.append(path)
    return found


def check_migrations(module, sql, faults):
    numbers = sorted(int(MIGRATION.match(os.path.basename(path)).group(1))
                     for path in sql if MIGRATION.match(os.path.basename(path)))
    if numbers != list(range(1, len(numbers) + 1)):
        faults.add(f'{module}/sql', 1, 'migration', f'numbered 1, 2, 3 …, not {numbers}')


def check_calls(root, path, named, faults):
    """Checks the calls of one C file; the literals in it may name statements too."""
    text = csource.read(root, path)
    code = csource.blank(text, strings=False)
    lines = text.splitlines()
    for call in CALL.finditer(code):
        place = PLACE[call.group(1)]
        given = first_arguments(code, call.end(), place + 1)
        if len(given) <= place:
            continue
        # A choice, "a ? "x" : "y"", names two.
        for name in LITERAL.findall(given[place]):
            if name not in named:
                faults.add(path, csource.line_of(code, call.start()), 'statement',
                           f'there is no statement {name} here', lines)
    # "schema.name" is how the store itself says it.
    return {literal.rsplit('.', 1)[-1] for literal in LITERAL.findall(code)}


def main():
    root = csource.root_from_arguments()
    faults = csource.Faults(root)
    looked = 0
    found = modules(csource.tracked(root))
    named = {module: {} for module in found}
    for module, (sql, _) in sorted(found.items()):
        check_migrations(module, sql, faults)
        for path in sql:
            looked += 1
            if MIGRATION.match(os.path.basename(path)):
                continue
            text = csource.read(root, path)
            for name in NAME.finditer(text):
                number = csource.line_of(text, name.start())
                if name.group(1) in named[module]:
                    faults.add(path, number, 'statement', f'{name.group(1)} stands twice')
                named[module][name.group(1)] = (path, number)
    hub = set().union(*(names for module, names in named.items() if module.startswith('hub/')))
    used = {}
    for module, (_, code) in sorted(found.items()):
        # What has no .sql of its own, as the daemon, uses the scope of another part of the hub.
        known = named[module] or (hub if module.startswith('hub/') else {})
        for path in code:
            literals = check_calls(root, path, known, faults)
            used.setdefault(module.split('/')[0], set()).update(literals)
            used.setdefault(module, set()).update(literals)
    for module, names in sorted(named.items()):
        near = used.get('hub' if module.startswith('hub/') else module, set())
        for name, (path, number) in sorted(names.items()):
            if name not in near:
                faults.add(path, number, 'statement', f'nothing uses {name}',
                           csource.read(root, path).splitlines())
    return faults.end(looked)


if __name__ == '__main__':
    sys.exit(main())
