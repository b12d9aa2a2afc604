#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Words of our own where RFCs, WebRTC, PostgreSQL, systemd or GNOME have one: in what is built and
in the documents. A test may call somebody what it likes."""
import re
import sys

import csource

# What is not said → what is.
WORDS = {
    'stranger': 'unknown, or unknown source',
    'strangers': 'unknown, or unknown sources',
    'tongue': 'language, or locale',
    'tongues': 'languages, or locales',
    'shakes hands': 'makes its handshake',
    'shaking': 'in its handshake',
    'bury': 'end, or remove',
    'buried': 'ended, or removed',
    'disappointment': 'error',
    'put aside': 'disabled, of a plugin; a dead letter, of a message',
    'puts aside': 'disables a plugin; makes a message a dead letter',
}
LOOKED_AT = ('hub/', 'plugins/', 'data/', 'README.md', 'HACKING.md', 'ARCHITECTURE.md')
ENDINGS = ('.c', '.h', '.cpp', '.hpp', '.js', '.md', '.sql', '.xml', '.json', '.conf', '.plugin')


def main():
    root = csource.root_from_arguments()
    faults = csource.Faults(root)
    found = re.compile(r'(?<![A-Za-z])(' + '|'.join(WORDS) + r')(?![A-Za-z])', re.I)
    looked = 0
    for path in csource.tracked(root):
        name = path.rsplit('/', 1)[-1]
        # A migration stays as it was released.
        if re.search(r'/sql/\d{4}-', path) or not path.startswith(LOOKED_AT) \
                or not path.endswith(ENDINGS) or name.startswith('test-') \
                or name == 'package-lock.json':
            continue
        looked += 1
        text = csource.read(root, path)
        lines = text.splitlines()
        for one in found.finditer(text):
            word = one.group(1).lower()
            faults.add(path, csource.line_of(text, one.start()), 'word',
                       f'“{word}”: say {WORDS[word]}', lines)
    return faults.end(looked)


if __name__ == '__main__':
    sys.exit(main())
