#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The documents speak of the tree as it is: each file and function that they name is there, and the
map of ARCHITECTURE.md has each directory of hub/."""
import re
import sys

import csource

NAMED = re.compile(r'`([\w.@/-]+\.(?:c|h|cpp|hpp|js|mjs|py|md|sql|json|sh|css|build|txt|conf|xml|supp))`')
# What a build or an installation makes, and what stands for any name.
ELSEWHERE = re.compile(r'^(/|build|var/)|NAME|NNNN')
FUNCTION = re.compile(r'`([A-Za-z_]\w*)\(\)`')
# Of libraries and browsers.
FOREIGN = re.compile(r'^(g|pg|SSL|soup|setParameters|performance)(_|$)')
MAP = 'ARCHITECTURE.md'


def is_there(name, paths):
    return any(path == name or path.endswith('/' + name) for path in paths)


def words_of(root, paths):
    """Every word of the programs."""
    found = set()
    for path in paths:
        if path.endswith((*csource.C_ENDINGS, '.js', '.mjs', '.py', '.sh', '.sql')):
            found.update(re.findall(r'\w+', csource.read(root, path)))
    return found


def main():
    root = csource.root_from_arguments()
    faults = csource.Faults(root)
    paths = csource.tracked(root)
    words = words_of(root, paths)
    documents = [path for path in paths if path.endswith('.md')]
    for document in documents:
        lines = csource.read(root, document).splitlines()
        for number, line in enumerate(lines, 1):
            for name in NAMED.findall(line):
                if not ELSEWHERE.search(name) and not is_there(name, paths):
                    faults.add(document, number, 'document', f'there is no {name}', lines)
            for name in FUNCTION.findall(line):
                if not FOREIGN.match(name) and name not in words:
                    faults.add(document, number, 'document', f'there is no {name}()', lines)
    if MAP in documents:
        text = csource.read(root, MAP)
        for folder in sorted({'/'.join(path.split('/')[:2]) + '/' for path in paths
                              if path.startswith('hub/') and path.count('/') > 1}):
            if f'`{folder}`' not in text:
                faults.add(MAP, 1, 'document', f'the map has no `{folder}`')
    return faults.end(len(documents))


if __name__ == '__main__':
    sys.exit(main())
