#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the measurements that the build declares, and prints their figures.

run.py --build DIRECTORY [NAME…] [--json] [--beside DIRECTORY] [--times N]
"""
import argparse
import fnmatch
import json
import math
import os
import signal
import statistics
import subprocess
import sys
import time

TEXTS = ('name', 'unit', 'peer', 'note')
NUMBERS = ('value', 'peer_value', 'n')
ORDER = ('name', 'value', 'unit', 'peer', 'peer_value', 'ratio', 'n', 'note')


class Broken(Exception):
    """A measurement that gave no figure, or no honest one."""


def declared(build):
    with open(os.path.join(build, 'meson-info', 'intro-benchmarks.json'), encoding='utf-8') as file:
        benches = json.load(file)
    for bench in benches:
        bench['names'] = [suite.split(':', 1)[-1] for suite in bench['suite']]
        bench['build'] = build
    return benches


def matches(pattern, name):
    return fnmatch.fnmatchcase(name, pattern)


def wanted(bench, patterns):
    return not patterns or any(matches(pattern, name) for pattern in patterns
                               for name in [bench['name'], *bench['names']])


def keep(bench, name, patterns):
    """A program may measure more than was asked for; the rest is not shown."""
    groups = [n for n in [bench['name'], *bench['names']] if '.' not in n]
    return (not patterns or any(matches(p, name) for p in patterns)
            or any(matches(p, group) for p in patterns for group in groups))


def run(bench):
    """Its standard output; everything it started is ended with it."""
    environment = {**os.environ, **bench['env']}
    process = subprocess.Popen(bench['cmd'], cwd=bench['workdir'] or bench['build'], env=environment,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               start_new_session=True)
    limit = bench['timeout'] or None
    try:
        said, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        raise Broken(f'no answer within {limit} s') from None
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    if process.returncode == 77:
        return None
    if process.returncode:
        raise Broken(f'exit code {process.returncode}')
    return said.decode()


def figure(line):
    try:
        found = json.loads(line)
    except ValueError:
        raise Broken(f'not JSON: {line[:120]}') from None
    if not isinstance(found, dict) or not isinstance(found.get('name'), str):
        raise Broken(f'no name: {line[:120]}')
    for key in TEXTS:
        if found.get(key) is not None and not isinstance(found[key], str):
            raise Broken(f'{found["name"]}: "{key}" is not a text')
    for key in NUMBERS:
        value = found.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))
                                  or not math.isfinite(value)):
            raise Broken(f'{found["name"]}: "{key}" is not a number')
    if found.get('value') is None or not found.get('unit'):
        raise Broken(f'{found["name"]}: a figure has a value and a unit')
    peer = found.get('peer_value')
    found['ratio'] = round(found['value'] / peer, 4) if peer else None
    return {key: found.get(key) for key in ORDER}


def short(number):
    if number is None:
        return ''
    if abs(number) >= 1000 or number == int(number):
        return f'{number:,.0f}'
    return f'{number:.3g}'


def measure(bench):
    """Its figures; None if it cannot be measured here."""
    begin = time.monotonic()
    print(f'  … {bench["name"]}, {bench["build"]}', file=sys.stderr, flush=True)
    said = run(bench)
    if said is None:
        print(f'  – {bench["name"]} cannot be measured here', file=sys.stderr)
        return None
    found = [figure(line) for line in said.splitlines() if line.strip()]
    if not found:
        raise Broken('it printed no figure')
    print(f'  ✓ {bench["name"]}, {time.monotonic() - begin:.1f} s', file=sys.stderr)
    return found


def compare(bench, other, times):
    """Both builds' figures, in turn, each the median of its runs: the other build is the peer."""
    values = {}
    units = {}
    for turn in range(times):
        for who in (bench, other) if turn % 2 == 0 else (other, bench):
            for one in measure(who) or []:
                units[one['name']] = one['unit']
                values.setdefault(one['name'], ([], []))[who is other].append(one['value'])
    figures = []
    for name, both in values.items():
        if not all(both):
            continue
        value, peer = (statistics.median(side) for side in both)
        seen = '; '.join(f'{who} {" ".join(short(one) for one in side)}'
                         for who, side in zip(('ours', 'theirs'), both))
        figures.append({'name': name, 'value': value, 'unit': units[name], 'peer': 'the other build',
                        'peer_value': peer, 'ratio': round(value / peer, 4) if peer else None,
                        'n': len(both[0]), 'note': seen})
    return figures


def show(figures):
    rows = [('figure', 'value', 'unit', 'held against', 'its value', 'ratio', 'n', 'note')]
    for found in figures:
        ratio = '' if found['ratio'] is None else f'{found["ratio"]:.2f}'
        rows.append((found['name'], short(found['value']), found['unit'], found['peer'] or '',
                     short(found['peer_value']), ratio, short(found['n']), found['note'] or ''))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [cell.rjust(width) if column in (1, 4, 5, 6) else cell.ljust(width)
                 for column, (cell, width) in enumerate(zip(row, widths))]
        print('  '.join([*cells, row[-1]]).rstrip())


def main():
    parser = argparse.ArgumentParser(prog='./karez bench')
    parser.add_argument('--build', required=True, help=argparse.SUPPRESS)
    parser.add_argument('--json', action='store_true', help='one object a line')
    parser.add_argument('--beside', metavar='BUILD', help='another build, measured in turn with it')
    parser.add_argument('--times', metavar='N', type=int, default=1,
                        help='with --beside: how often each; the medians are shown')
    parser.add_argument('names', metavar='NAME', nargs='*', help='a group, or a figure: store.*')
    given = parser.parse_args()
    if given.times < 1 or (given.times > 1 and not given.beside):
        parser.error('--times is a number from 1 on, and goes with --beside')
    benches = declared(given.build)
    for pattern in given.names:
        if not any(wanted(bench, [pattern]) for bench in benches):
            names = sorted({name for bench in benches for name in bench['names']})
            parser.error(f'there is no measurement {pattern}; there are: {" ".join(names)}')
    others = {bench['name']: bench for bench in declared(given.beside)} if given.beside else {}
    figures, broken = [], 0
    for bench in benches:
        if not wanted(bench, given.names) or (given.beside and bench['name'] not in others):
            continue
        try:
            found = (compare(bench, others[bench['name']], given.times) if given.beside
                     else measure(bench)) or []
        except (Broken, OSError) as error:
            broken += 1
            print(f'  ✗ {bench["name"]}: {error}', file=sys.stderr)
            continue
        for one in found:
            if keep(bench, one['name'], given.names):
                figures.append(one)
                if given.json:
                    print(json.dumps(one, ensure_ascii=False), flush=True)
    if figures and not given.json:
        show(figures)
    if broken:
        print(f'{broken} of the measurements failed', file=sys.stderr)
    return 1 if broken or not figures else 0


if __name__ == '__main__':
    sys.exit(main())
