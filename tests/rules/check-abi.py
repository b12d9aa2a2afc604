# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a plugin was built against is still there: nothing of the last release's libkarez is gone or
another one. Besides the tree's root: abidiff, the release's dump, the library as it is built.

    check-abi.py ROOT ABIDIFF DUMP LIBRARY
"""
import subprocess
import sys

# What abidiff ends with: a change of what was there, one that breaks who uses it.
CHANGED, INCOMPATIBLE = 4, 8


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    root, abidiff, dump, library = sys.argv[1:]
    # The engine's functions are no plugin's; what is new is no change.
    done = subprocess.run(
        [abidiff, '--no-added-syms', '--drop-private-types',
         '--headers-dir2', root + '/hub/sdk', dump, library], capture_output=True, text=True, check=False)
    if done.returncode & ~(CHANGED | INCOMPATIBLE):
        sys.exit(f'abidiff: {done.returncode}\n{done.stdout}{done.stderr}')
    if done.returncode:
        print(done.stdout)
        sys.exit('libkarez is not what plugins of the last release were built against.')
    print('1 library, 0 faults')


if __name__ == '__main__':
    main()
