#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What other hubs may ask: each handler of a post, a call or a feed has a rule of whose rows it may
make or change, and each rule has a handler. The hub's rules are in data/api/peer-topics.json and a
table of peer.md, a plugin's in its own peer-topics.json and README.md."""
import json
import os
import re
import sys

import csource

HANDLER = re.compile(r'\bkarez_peers_(handle_post|handle_call|serve_feed)\s*\(\s*[^,]+,\s*([^,]+?)\s*,')
LITERAL = re.compile(r'^"([a-z0-9.-]+)"$')
DEFINE = re.compile(r'^#define\s+(\w+)\s+"([a-z0-9.-]+)"', re.M)
TABLE = re.compile(r'\{\s*"([a-z0-9.-]+)",\s*on_\w+\s*\}')
KINDS = {'handle_post': 'post', 'handle_call': 'call', 'serve_feed': 'feed'}
MEMBERS = ('topic', 'kind', 'sender', 'rows', 'bounds', 'refused')
# They hand on what a plugin registers.
PASSING = ('hub/engine/hub-scoped-peers.c', 'hub/sdk/karez-peers.c')


def handlers(root, faults):
    """(topic, kind) → where it is registered."""
    texts, defines, found = {}, {}, {}
    for name in csource.tracked(root):
        if name.startswith(('hub/', 'plugins/')) and name.endswith(('.c', '.h')):
            with open(os.path.join(root, name), encoding='utf-8') as file:
                texts[name] = file.read()
            for define in DEFINE.finditer(texts[name]):
                defines[define.group(1)] = define.group(2)
    for name, text in texts.items():
        if name in PASSING or not name.endswith('.c'):
            continue
        for match in HANDLER.finditer(text):
            number = text.count('\n', 0, match.start()) + 1
            kind, argument = KINDS[match.group(1)], match.group(2)
            literal = LITERAL.match(argument)
            if literal:
                topics = [literal.group(1)]
            elif argument in defines:
                topics = [defines[argument]]
            else:  # of a table in this file
                topics = TABLE.findall(text)
            if not topics:
                faults.add(name, number, 'topics', f'the topic {argument} cannot be read')
            for topic in topics:
                found[topic, kind] = (name, number)
    return found


def places(root):
    """Where rules are, and the document that has them in a table."""
    yield 'data/api/peer-topics.json', 'data/api/peer.md'
    for name in csource.tracked(root):
        if re.fullmatch(r'plugins/[^/]+/peer-topics\.json', name):
            yield name, os.path.dirname(name) + '/README.md'


def place_of(name):
    """Where the rule of a handler in this file has to be."""
    folder = re.match(r'plugins/[^/]+/', name)
    return (folder.group() if folder else 'data/api/') + 'peer-topics.json'


def main():
    root = csource.root_from_arguments()
    faults = csource.Faults(root)
    found = handlers(root, faults)
    known = set()
    for place, document in places(root):
        with open(os.path.join(root, place), encoding='utf-8') as file:
            rules = json.load(file)['topics']
        with open(os.path.join(root, document), encoding='utf-8') as file:
            text = file.read()
        for rule in rules:
            key = (rule.get('topic'), rule.get('kind'))
            if sorted(rule) != sorted(MEMBERS) or not all(rule.values()):
                faults.add(place, 1, 'topics', f'{key[0]}: wants {", ".join(MEMBERS)}')
            if key in known:
                faults.add(place, 1, 'topics', f'{key[0]} has two rules')
            known.add(key)
            if key not in found:
                faults.add(place, 1, 'topics', f'nothing answers to the {key[1]} {key[0]}')
            elif place_of(found[key][0]) != place:
                faults.add(place, 1, 'topics', f'the {key[1]} {key[0]} is of {found[key][0]}')
            if f'| `{key[0]}` | {key[1]} |' not in text:
                faults.add(document, 1, 'topics', f'the {key[1]} {key[0]} is not in the table')
    for key, (name, number) in sorted(found.items()):
        if key not in known:
            faults.add(name, number, 'topics', f'the {key[1]} {key[0]} has no rule in {place_of(name)}')
    return faults.end(len(found))


if __name__ == '__main__':
    sys.exit(main())
