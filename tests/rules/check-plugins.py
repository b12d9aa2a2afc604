#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A plugin is a whole folder: outside of plugins/NAME nothing names it, neither by its id nor by its
modality. So nothing is left of it when its folder is not built.

Tests may be of a plugin, README.md says what this distribution brings and data/doc/install.md how that
is installed. In the catalogues an entry may name it that comes from its folder alone. The template is
the example of the documents and is let pass."""
import configparser
import re
import sys

import csource

FREE = ('tests/', 'README.md', 'data/doc/install.md', 'data/web/package-lock.json')
EXAMPLE = 'template'


def plugins(root, paths):
    """Folder → what names the plugin."""
    for path in paths:
        found = re.fullmatch(r'plugins/([^/]+)/\1\.plugin', path)
        if found and found.group(1) != EXAMPLE:
            keys = configparser.ConfigParser(interpolation=None, strict=False)
            keys.optionxform = str
            keys.read_string(csource.read(root, path))
            name = re.escape(keys['Plugin']['Id'])
            modality = re.escape(keys.get('Modality', 'Id', fallback=name))
            # Of the modality only what is no word of a sentence.
            yield f'plugins/{found.group(1)}/', re.compile(
                rf'\b{name}\b|\b{name}_|_{name}\b|["\'=/]{modality}\b')


def entries(text):
    """(line, references, what it says) of a catalogue."""
    line = 1
    for entry in text.split('\n\n'):
        references = re.findall(r'^#: (.*)$', entry, re.M)
        said = '\n'.join(part for part in entry.split('\n') if not part.startswith('#:'))
        yield line, ' '.join(references).split(), said
        line += entry.count('\n') + 2


def main():
    root = csource.root_from_arguments()
    faults = csource.Faults(root)
    paths = csource.tracked(root)
    for folder, names in plugins(root, paths):
        for path in paths:
            if path.startswith((folder, *FREE)) or path.endswith('.png'):
                continue
            text = csource.read(root, path)
            if path.startswith('po/') and path.endswith(('.po', '.pot')):
                for number, references, said in entries(text):
                    if names.search(said) and not all(one.startswith(folder) for one in references):
                        faults.add(path, number, 'plugins', f'names {folder} and is not of it')
                continue
            lines = text.splitlines()
            for number, line in enumerate(lines, 1):
                if names.search(line):
                    faults.add(path, number, 'plugins', f'names {folder}: {line.strip()[:80]}', lines)
    return faults.end(len(paths))


if __name__ == '__main__':
    sys.exit(main())
