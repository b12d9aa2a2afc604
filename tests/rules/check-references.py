#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The references have what the code knows, and nothing else: keys, services and rules of a plugin's key
file (data/doc/plugin.md, data/doc/desk.md), frames of the live WebSocket (data/api/live.md)."""
import re
import sys

import csource

PLUGIN = 'data/doc/plugin.md'
DESK = 'data/doc/desk.md'
LIVE = 'data/api/live.md'
KEYS = 'hub/engine/hub-plugin-keys.c'
FILE = 'hub/engine/hub-plugin-file.c'
SOCKET = 'hub/web/hub-web-live.c'
KNOWN = re.compile(r'\{ "(\w+)", "(\w+)", (TRUE|FALSE) \}')
HEAD = re.compile(r'^\| key of `\[(\w+)[^`]*\]`')
ROW = re.compile(r'^\| `(\w+)`')
CODE = re.compile(r'`([^`]+)`')
RULE = re.compile(r'"(plugin/[a-z-]+)"')
KIND = re.compile(r'\{ "(\w+)", (\w+)_fields, \w+ \}')
FRAME = re.compile(r'"type",\s*"s",\s*"(\w+)"|\btell_page \([^;{]*?"(\w+)"|\btell_time \("(\w+)"')
FIELDS = re.compile(r'KarezJsonField (\w+)_fields\[\] = \{(.*?)\n\};', re.S)


def cells_of(line):
    return [cell.strip() for cell in re.split(r'(?<!\\)\|', line)[1:-1]]


def keys_of_documents(root):
    """(group, key) → (document, line, the cells after it)."""
    found = {}
    for document in (PLUGIN, DESK):
        group = None
        for number, line in enumerate(csource.read(root, document).splitlines(), 1):
            head = HEAD.match(line)
            if head:
                group = head.group(1)
            elif not line.startswith('|'):
                group = None
            elif group and not line.startswith('| ---'):
                cells = cells_of(line)
                for key in CODE.findall(cells[0]):
                    if '[' not in key:
                        found[group, key] = (document, number, cells[1:])
    return found


def check_keys(root, faults):
    known = {(group, key): needed == 'TRUE'
             for group, key, needed in KNOWN.findall(csource.read(root, KEYS))}
    told = keys_of_documents(root)
    for group, key in sorted(known.keys() - told.keys()):
        faults.add(PLUGIN, 1, 'reference', f'says nothing of {key} in [{group}]')
    for group, key in sorted(told.keys() - known.keys()):
        document, number, _ = told[group, key]
        faults.add(document, number, 'reference', f'no key file has {key} in [{group}]')
    for place in sorted(known.keys() & told.keys()):
        document, number, cells = told[place]
        if len(cells) > 1 and (cells[1] == 'refused') != known[place]:
            faults.add(document, number, 'reference',
                       f'{place[1]} {"is" if known[place] else "is not"} refused without it')
    return len(known)


def section(text, title):
    found = re.search(rf'^## {title}\n(.*?)(?=^## |\Z)', text, re.M | re.S)
    return found.group(1) if found else ''


def compare(faults, document, kind, known, told):
    for one in sorted(known - told):
        faults.add(document, 1, 'reference', f'says nothing of the {kind} {one}')
    for one in sorted(told - known):
        faults.add(document, 1, 'reference', f'there is no {kind} {one}')


def check_services(root, faults):
    table = re.search(r'services\[\] = \{(.*?)\}', csource.read(root, FILE), re.S)
    told = {ROW.match(line).group(1) for line in section(csource.read(root, PLUGIN), 'Services').splitlines()
            if ROW.match(line)}
    compare(faults, PLUGIN, 'service', set(re.findall(r'"(\w+)"', table.group(1))), told)


def check_rules(root, faults):
    known = set()
    for path in csource.tracked(root):
        # karezctl's own answers and a test's are not the hub's.
        if path.startswith('hub/') and path.endswith('.c') \
                and not path.startswith(('hub/ctl/', 'hub/testing/')):
            known.update(RULE.findall(csource.read(root, path)))
    told = set()
    for line in section(csource.read(root, PLUGIN), 'Refusals').splitlines():
        if line.startswith('| `'):
            told.update(CODE.findall(cells_of(line)[0]))
    compare(faults, PLUGIN, 'rule', known, told)


def frames_of_document(root, faults):
    """'From' and 'To' → type → members."""
    found = {'From': {}, 'To': {}}
    way = None
    for number, line in enumerate(csource.read(root, LIVE).splitlines(), 1):
        if line.startswith('## '):
            way = line.split()[1]
        elif way in found and ROW.match(line):
            cells = cells_of(line)
            name = ROW.match(line).group(1)
            if name in found[way]:
                faults.add(LIVE, number, 'reference', f'{name} stands there twice')
            found[way][name] = set(CODE.findall(cells[1]))
    return found


def check_frames(root, faults):
    told = frames_of_document(root, faults)
    text = csource.read(root, SOCKET)
    fields = {name: set(re.findall(r'\{ "(\w+)"', body)) - {'type'} for name, body in FIELDS.findall(text)}
    taken = {name: fields.get(table, set()) for name, table in KIND.findall(text)}
    compare(faults, LIVE, 'frame from the page', set(taken), set(told['From']))
    for name in sorted(taken.keys() & told['From'].keys()):
        compare(faults, LIVE, f'member of {name}:', taken[name], told['From'][name])
    sent = set()
    for path in csource.tracked(root):
        if path.startswith(('hub/web/', 'hub/engine/', 'hub/daemon/')) and path.endswith('.c'):
            sent.update(name for found in FRAME.findall(csource.read(root, path))
                        for name in found if name)
    compare(faults, LIVE, 'frame to the page', sent, set(told['To']))
    return len(taken) + len(sent)


def main():
    root = csource.root_from_arguments()
    faults = csource.Faults(root)
    looked = check_keys(root, faults)
    check_services(root, faults)
    check_rules(root, faults)
    return faults.end(looked + check_frames(root, faults))


if __name__ == '__main__':
    sys.exit(main())
