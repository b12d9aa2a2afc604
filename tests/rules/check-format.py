#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every C and C++ file is as clang-format 14 with the tree's .clang-format writes it."""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys

import csource


def main():
    root = csource.root_from_arguments()
    faults = csource.Faults(root)
    program = shutil.which('clang-format-14')
    if not program:
        sys.exit('clang-format-14 is not installed')
    files = [path for path in csource.c_files(root)
             if path.startswith(('hub/', 'plugins/', 'tests/'))]
    groups = [files[at:at + 16] for at in range(0, len(files), 16)]

    def look(group):
        return subprocess.run([program, '--style=file', '--dry-run', '-Werror', *group], cwd=root,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for answer in pool.map(look, groups):
            said = answer.stdout.decode(errors='replace')
            seen = set()
            for path, number in re.findall(r'^(\S+?):(\d+):\d+: error', said, re.M):
                if path not in seen:
                    seen.add(path)
                    faults.add(path, int(number), 'format', f'clang-format-14 -i {path}')
            if answer.returncode and not seen:
                faults.add(root, 1, 'format', said)
    return faults.end(len(files))


if __name__ == '__main__':
    sys.exit(main())
