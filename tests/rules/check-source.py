#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules of the C and C++ code, and of every source file, that a script can check.

A rule is waived for one line by a comment on it or above it: nocheck:RULE -- why."""
import re
import sys

import csource

SPDX = 'SPDX-License-Identifier: LGPL-2.1-or-later'
WITH_SPDX = (*csource.C_ENDINGS, '.py', '.sh', '.js', '.mjs', '.css', '.sql', '.xml', 'meson.build',
             'meson_options.txt', '.plugin', '.service', '.conf')
COLUMNS = 100
FUNCTION_NOTE, FUNCTION_FAULT = 60, 90
FILE_NOTE, FILE_FAULT = 700, 800

# Starting and stopping the private server is blocking work in a thread of its own.
CLUSTER = 'hub/store/hub-cluster'
# What must not be called, where it may be (path prefixes), and what to call instead.
BLOCKED = [
    (r'g_main_context_iteration', ('tests/', ), 'return to the main loop'),
    (r'g_main_loop_run', ('tests/', 'hub/daemon/', 'hub/worker/', 'hub/ctl/'),
     'only a program has a main loop'),
    (r'(?:g_)?u?sleep|nanosleep|poll|select', ('tests/', CLUSTER), 'a timeout source'),
    (r'strcpy|strcat|stpcpy|sprintf|vsprintf|gets', (), 'g_strlcpy, g_strdup_printf or GString'),
    (r'atoi|atol|atoll|atof', ('tests/', ), 'g_ascii_string_to_unsigned or _to_signed'),
    (r'strtok', (), 'g_strsplit'),
    (r'system|popen', (), 'GSubprocess'),
    (r'g_spawn_\w*sync|g_spawn_command_line_sync', ('tests/', ), 'GSubprocess, asynchronously'),
    (r'g_subprocess_wait|g_subprocess_wait_check|g_subprocess_communicate(?:_utf8)?',
     ('tests/', 'hub/ctl/', CLUSTER), 'the _async form'),
    (r'PQexec\w*|PQconnectdb\w*|PQprepare|PQreset',
     ('tests/', 'hub/store/hub-migrat', 'hub/store/hub-pg-connection', 'hub/store/hub-pg-listen',
      CLUSTER),
     'a statement of the store'),
    (r'soup_session_send(?:_and_read)?', ('tests/', 'hub/ctl/'), 'the _async form'),
    (r'soup_server_(?:un)?pause_message', (), 'soup_server_message_pause and _unpause'),
    (r'rand|random|srand', ('tests/', ), 'hub_random'),
    (r'gethostbyname|getaddrinfo', (), 'GResolver, asynchronously'),
    (r'g_print|g_printerr|printf|puts', ('tests/', 'hub/ctl/', 'hub/daemon/main', 'hub/worker/main',
     'hub/worker/worker-probe'), 'hub_info and its like'),
]
# In order: a fault is told once.
BLOCKED = [(re.compile(rf'(?<![\w.>])({names})\s*\('), where, instead)
           for names, where, instead in BLOCKED]
GERROR_VOID = re.compile(
    r'^(?:static\s+|KAREZ_\w+\s+)*void\s+\(?\*?\w+\)?\s*\([^;{}]*GError\s*\*\*', re.M)
OPEN = re.compile(r'^\{', re.M)
# What a call within an argument takes away, and what it may set: then a bare use is out of order.
TAKEN = re.compile(r'\bg_(?:steal|clear)_\w+\s*\(\s*&([A-Za-z_]\w*(?:(?:->|\.)\w+)*)')
SET = re.compile(r'[(,]\s*&([A-Za-z_]\w*)\s*[,)]')


def check_text(path, text, faults):
    lines = text.splitlines()
    if '/assets/' in path:
        return  # what a test serves
    if path.endswith(WITH_SPDX) and not any(SPDX in line for line in lines[:3]):
        faults.add(path, 1, 'spdx', f'its first lines lack "{SPDX}"', lines)
    if path.endswith(csource.SOURCES) and not (len(lines) > 1 and lines[1].startswith('/*')):
        faults.add(path, 2, 'opening', 'the second line says in a comment what the file is', lines)
    if text and not text.endswith('\n'):
        faults.add(path, len(lines), 'newline', 'no newline at the end', lines)
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            faults.add(path, number, 'blank', 'blanks at the end of the line', lines)
        if re.search(r'\b(TO' r'DO|FIX' r'ME|XX' r'X)\b', line):
            faults.add(path, number, 'unfinished', 'finish it, or say it in the README', lines)
        if re.match(r'(<<<<<<<|>>>>>>>) ', line):
            faults.add(path, number, 'merge', 'a conflict mark', lines)
        if path.endswith(csource.C_ENDINGS):
            if '\t' in line:
                faults.add(path, number, 'tab', 'two spaces instead', lines)
            if len(line) > COLUMNS:
                faults.add(path, number, 'columns',
                           f'{len(line)} columns, {COLUMNS} are the most', lines)


def check_size(path, text, code, faults):
    lines = text.splitlines()
    if len(lines) > FILE_FAULT:
        faults.add(path, 1, 'file-size', f'{len(lines)} lines: is it still one noun?', lines)
    elif len(lines) > FILE_NOTE:
        faults.note(path, 1, 'file-size', f'{len(lines)} lines', lines)
    for found in OPEN.finditer(code):
        head = code[:found.start()].rstrip()
        if not head.endswith(')'):
            continue  # a struct, an enum or an initialiser
        end = code.find('\n}', found.start())
        body = code[found.start() + 1:end if end >= 0 else len(code)]
        count = sum(1 for line in body.splitlines() if line.strip())
        name = re.findall(r'^(\w+)\s*\(', head, re.M)
        number = csource.line_of(code, found.start())
        said = f'{name[-1] if name else "a function"} has {count} lines of code'
        if count > FUNCTION_FAULT:
            faults.add(path, number, 'function-size', said, lines)
        elif count > FUNCTION_NOTE:
            faults.note(path, number, 'function-size', said, lines)


def arguments(code, start):
    """The arguments of the call whose "(" is at `start`, or None when it does not end."""
    depth, begin, found = 0, start + 1, []
    for at in range(start, len(code)):
        if code[at] in '([{':
            depth += 1
        elif code[at] in ')]}':
            depth -= 1
            if depth == 0:
                return [*found, code[begin:at]]
        elif code[at] == ',' and depth == 1:
            found.append(code[begin:at])
            begin = at + 1
        elif code[at] == ';':
            return None
    return None


def disorder(given):
    """What one argument changes and another reads: they are evaluated in any order."""
    for changing in given:
        for pattern, after in ((TAKEN, r'\b'), (SET, r'\b(?!\s*(?:->|[.(\[]))')):
            for name in pattern.findall(changing):
                reads = re.compile(r'(?<![\w.>&])' + re.escape(name) + after)
                if any(reads.search(other) for other in given if other is not changing):
                    return name
    return None


def check_order(path, code, faults, lines):
    for call in re.finditer(r'\b([A-Za-z_]\w*)\s*\(', code):
        if call.group(1) in ('if', 'while', 'for', 'switch', 'return', 'sizeof'):
            continue
        given = arguments(code, call.end() - 1)
        name = disorder(given) if given and len(given) > 1 else None
        if name:
            faults.add(path, csource.line_of(code, call.start()), 'argument-order',
                       f'one argument changes {name}, another reads it', lines)


def check_c(path, text, faults):
    lines = text.splitlines()
    code = csource.blank(text)
    if path.endswith(('.h', '.hpp')) and '#pragma once' not in text and not path.startswith('tests/'):
        faults.add(path, 1, 'pragma-once', 'a header says #pragma once', lines)
    for found in re.finditer(r'\bgoto\b', code):
        faults.add(path, csource.line_of(code, found.start()), 'goto',
                   'g_autoptr and return', lines)
    for found in () if path.startswith('tests/') else GERROR_VOID.finditer(code):
        faults.add(path, csource.line_of(code, found.start()), 'void-error',
                   'a function with GError ** returns whether it worked', lines)
    for pattern, where, instead in BLOCKED:
        if path.startswith(where):
            continue
        for found in pattern.finditer(code):
            faults.add(path, csource.line_of(code, found.start()), 'blocked',
                       f'{found.group(1)}: use {instead}', lines)
    check_order(path, code, faults, lines)
    check_size(path, text, code, faults)


def main():
    root = csource.root_from_arguments()
    faults = csource.Faults(root)
    looked = 0
    for path in csource.tracked(root):
        try:
            text = csource.read(root, path)
        except UnicodeDecodeError:
            continue
        if path in ('COPYING', 'data/web/package-lock.json'):
            continue
        if path.endswith(('.po', '.pot', '.md', '.svg')) or '/corpus/' in path:
            continue
        looked += 1
        check_text(path, text, faults)
        if path.endswith(csource.C_ENDINGS):
            check_c(path, text, faults)
    return faults.end(looked)


if __name__ == '__main__':
    sys.exit(main())
