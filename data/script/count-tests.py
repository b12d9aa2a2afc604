#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Says what failed in the logs of `meson test`, and ends with `N passed, N failed, N skipped`.

Each argument is BUILD-DIRECTORY:SUITE,SUITE… (a log in it, and what must have run) or NAME=CODE
(one test, by its exit code). A program that speaks TAP counts as many tests as it has points.
"""
import json
import os
import re
import sys

REMARKS = 20  # lines
POINT = re.compile(r'^(\s*)(not ok|ok)\b\s*\d*\s*(.*)$')


def points(text):
    """(passed, failed, skipped) of a TAP text; None when it is none."""
    plan = re.search(r'^1\.\.(\d+)', text, re.M)
    if not plan:
        return None
    passed = failed = skipped = 0
    for line in text.splitlines():
        point = POINT.match(line)
        if not point or point.group(1):  # indented: a subtest, counted by its parent
            continue
        # nocheck:unfinished -- TAP's own word
        directive = re.search(r'#\s*(SKIP|TODO)\b', point.group(3), re.I)
        if directive:
            skipped += 1
        elif point.group(2) == 'ok':
            passed += 1
        else:
            failed += 1
    return passed, failed, skipped


def weigh(entry):
    """(passed, failed, skipped) of one line of testlog.json."""
    result = entry['result']
    counted = points(entry.get('stdout') or '') or (0, 0, 0)
    passed, failed, skipped = counted
    if result in ('OK', 'EXPECTEDFAIL'):
        if failed:  # its exit code hid what its points say
            return counted
        return counted if sum(counted) else (1, 0, 0)
    if result == 'SKIP':
        return 0, 0, max(skipped, 1)
    return passed, max(failed, 1), skipped


def failures(entry):
    """What a test that failed said: its failed points, with the remarks before each; else its end."""
    lines = (entry.get('stdout') or '').splitlines()
    kept = []
    for index, line in enumerate(lines):
        if line.startswith('not ok'):
            first = index
            while first > 0 and index - first < REMARKS and lines[first - 1].startswith('#'):
                first -= 1
            kept += lines[first:index + 1]
    said = kept or (lines + (entry.get('stderr') or '').splitlines())[-REMARKS:]
    return [f'      {line[:300]}' for line in said[:4 * REMARKS]]


def suite_of(entry):
    return {suite.split(':', 1)[-1] for suite in entry['suite']}


def count(argument, remarks, details):
    build, wanted = argument.rsplit(':', 1)
    wanted = set(wanted.split(','))
    with open(os.path.join(build, 'meson-info', 'intro-tests.json'), encoding='utf-8') as file:
        declared = [test for test in json.load(file) if suite_of(test) & wanted]
    total = [0, 0, 0]
    ran = set()
    log = os.path.join(build, 'meson-logs', 'testlog.json')
    label = os.path.basename(build)
    if os.path.exists(log):
        with open(log, encoding='utf-8') as file:
            for line in file:
                entry = json.loads(line)
                # "suite / name" or "project:suite / name"
                ran.add(entry['name'].rsplit(' / ', 1)[-1])
                found = weigh(entry)
                total = [a + b for a, b in zip(total, found)]
                if entry['result'] == 'SKIP':
                    remarks.append(f'{label}: {entry["name"]}: skipped')
                elif found[1]:
                    remarks.append(f'{label}: {entry["name"]}: {entry["result"]}'
                                    f' after {entry.get("duration") or 0:.1f} s')
                    details[remarks[-1]] = failures(entry)
    for test in declared:
        if test['name'] not in ran:
            total[1] += 1
            remarks.append(f'{label}: {test["name"]}: did not run')
    for suite in sorted(wanted - {name for test in declared for name in suite_of(test)}):
        total[1] += 1
        remarks.append(f'{label}: the suite {suite} has no tests')
    return total


def main():
    total = [0, 0, 0]
    remarks = []
    details = {}
    for argument in sys.argv[1:]:
        if '=' in argument:
            name, code = argument.rsplit('=', 1)
            found = [0, 1, 0] if int(code) else [1, 0, 0]
            if found[1]:
                remarks.append(f'{name}: exit code {code}')
        else:
            found = count(argument, remarks, details)
        total = [a + b for a, b in zip(total, found)]
    for remark in remarks:
        print(f'  {"–" if remark.endswith(": skipped") else "✗"} {remark}')
        for line in details.get(remark, []):
            print(line)
    print(f'{total[0]} passed, {total[1]} failed, {total[2]} skipped', flush=True)
    return 1 if total[1] or not total[0] else 0


if __name__ == '__main__':
    sys.exit(main())
