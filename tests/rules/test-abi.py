#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-abi.py sees what it is to see: a symbol that is gone, one with another signature, a structure
of another size; what is new is no fault. Prints TAP.

test-abi.py ABIDIFF ABIDW CC…
"""
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
HEADER = 'hub/sdk/karez-one.h'
FIRST = {'karez_one': 'int karez_one (int a)', 'karez_two': 'int karez_two (const struct karez_pair *a)'}
STRUCT = 'struct karez_pair { int first, second; };'

CASES = [
    ('the same', FIRST, STRUCT, None),
    ('one symbol more', {**FIRST, 'karez_three': 'int karez_three (void)'}, STRUCT, None),
    ('a symbol is gone', {'karez_two': FIRST['karez_two']}, STRUCT, 'karez_one'),
    ('another signature', {**FIRST, 'karez_one': 'int karez_one (const char *a)'}, STRUCT, 'karez_one'),
    ('a structure is another one', FIRST, 'struct karez_pair { long long first, second; };', 'karez_pair'),
]


def build(folder, functions, struct, compiler):
    """A library with these functions, each of which gives 0."""
    header = folder / HEADER
    header.parent.mkdir(parents=True)
    header.write_text(struct + '\n' + ''.join(f'{one};\n' for one in functions.values()), encoding='utf-8')
    source = folder / 'one.c'
    source.write_text(f'#include "{HEADER}"\n' + ''.join(f'{one} {{ return 0; }}\n' for one in functions.values()),
                      encoding='utf-8')
    library = folder / 'libkarez-1.so'
    subprocess.run([*compiler, '-g', '-shared', '-fPIC', '-I', folder, '-o', library, source], check=True)
    return library


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    abidiff, abidw, *compiler = sys.argv[1:]
    print(f'1..{len(CASES)}')
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        first = build(folder / 'first', FIRST, STRUCT, compiler)
        dump = folder / 'first.abi'
        subprocess.run([abidw, '--headers-dir', folder / 'first/hub/sdk', '--out-file', dump, first], check=True)
        for n, (title, functions, struct, said) in enumerate(CASES, 1):
            root = folder / str(n)
            library = build(root, functions, struct, compiler)
            done = subprocess.run([sys.executable, HERE / 'check-abi.py', root, abidiff, dump, library],
                                  capture_output=True, text=True, check=False, env=dict(os.environ))
            text = done.stdout + done.stderr
            good = done.returncode == 0 if said is None else done.returncode != 0 and said in text
            print(f'{"ok" if good else "not ok"} {n} - {title}')
            if not good:
                print('\n'.join(f'# {line}' for line in text.splitlines()))


if __name__ == '__main__':
    main()
