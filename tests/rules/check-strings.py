#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What people read goes through gettext: the words of templates in _(), messages as literals with %s
as their only conversion. That the catalogues know them all is check-catalogues.py's."""
import re
import sys

import csource

# Where what a person reads stands among the arguments. The literals of errors are gathered as they
# stand (po/update), those of expectations are marked by N_().
PLACES = {'karez_error_set': (3, 4), 'karez_error_new': (2, 3), 'karez_transaction_run_one': (2, )}
GATHERED = ('karez_error_set', 'karez_error_new')
CALL = re.compile(r'\b(' + '|'.join(PLACES) + r')\s*\(')
MARK = re.compile(r'(?<![\w.$])(?:_|N_)\s*\(')
LITERAL = re.compile(r'"((?:\\.|[^"\\])*)"')
CONVERSION = re.compile(r'%(?!%|(?:\d\$)?s)')
WORD = re.compile(r'[^\W\d_]{2,}')
SPOKEN = re.compile(r'\s(?:aria-label|title|placeholder|alt|label|heading)='
                    r'(?:"([^"$]*)"|\'([^\'$]*)\')')
# Text that is the same in each language.
SAME = {'nbsp', 'amp', 'lt', 'gt', 'times', 'middot', 'ndash', 'mdash', 'hellip', 'thinsp', 'Karez',
        'PostgreSQL', 'UTC'}


def arguments(text, start):
    """The arguments of a call whose "(" is before start, as (offset, text)."""
    depth, found, begin, at = 0, [], start, start
    while at < len(text):
        letter = text[at]
        if letter in '"\'':
            token = csource.TOKEN.match(text, at)
            at = token.end() if token else at + 1
            continue
        if letter in '([{':
            depth += 1
        elif letter in ')]}':
            if depth == 0:
                found.append((begin, text[begin:at].strip()))
                return found
            depth -= 1
        elif letter == ',' and depth == 0:
            found.append((begin, text[begin:at].strip()))
            begin = at + 1
        at += 1
    return found


def check_c(path, text, faults):
    lines = text.splitlines()
    code = csource.blank(text, strings=False)
    for call in CALL.finditer(code):
        given = arguments(code, call.end())
        for place in PLACES[call.group(1)]:
            if place >= len(given):
                continue
            offset, value = given[place]
            if not value.startswith('"'):
                continue
            words = ''.join(LITERAL.findall(value))
            number = csource.line_of(code, code.index('"', offset))
            if call.group(1) not in GATHERED:
                faults.add(path, number, 'untranslated', f'N_ ({value[:50]})', lines)
            elif CONVERSION.search(words):
                faults.add(path, number, 'conversion', f'only %s in a message: {words[:50]}', lines)
    for mark in MARK.finditer(code):
        if code[:mark.start()].rstrip().endswith('define'):
            continue
        given = arguments(code, mark.end())
        number = csource.line_of(code, mark.start())
        if not given or not given[0][1].startswith('"'):
            if mark.group(0).startswith('N_'):
                faults.add(path, number, 'msgid', 'N_() takes a literal', lines)
            continue
        whole = ''.join(LITERAL.findall(given[0][1]))
        if CONVERSION.search(whole):
            faults.add(path, number, 'conversion', f'only %s in a message: {whole[:50]}', lines)
        if LITERAL.sub('', given[0][1]).strip():
            faults.add(path, number, 'msgid', f'a literal alone: {given[0][1][:50]}', lines)


def template(text, at):
    """The end of the template literal whose "`" is before at, and its text without ${…}."""
    kept = []
    while at < len(text):
        if text[at] == '\\':
            at += 2
        elif text[at] == '`':
            return at + 1, ''.join(kept)
        elif text.startswith('${', at):
            begin, depth, at = at, 1, at + 2
            while at < len(text) and depth:
                if text[at] == '`':
                    at, _ = template(text, at + 1)
                    continue
                if text[at] in '"\'':
                    token = csource.TOKEN.match(text, at)
                    at = token.end() if token else at + 1
                    continue
                depth += {'{': 1, '}': -1}.get(text[at], 0)
                at += 1
            kept.append('\x00' + '\n' * text.count('\n', begin, at))
        else:
            kept.append(text[at])
            at += 1
    return at, ''.join(kept)


def check_js(path, text, faults):
    lines = text.splitlines()
    for found in re.finditer(r'\bhtml`', text):
        _, kept = template(text, found.end())
        first = csource.line_of(text, found.start())
        spoken = [(m.start(), m.group(1) or m.group(2) or '') for m in SPOKEN.finditer(kept)]
        bare = re.sub(r'<!--.*?-->|<style.*?</style>|<[^<>]*>',
                      lambda m: re.sub(r'[^\n]', ' ', m.group(0)), kept, flags=re.S)
        spoken += [(m.start(), m.group(0)) for m in re.finditer(r'[^\n\x00]+', bare)]
        for offset, words in spoken:
            words = re.sub(r'&#?\w+;', ' ', words)
            if any(word not in SAME for word in WORD.findall(words)):
                faults.add(path, first + kept.count('\n', 0, offset), 'untranslated',
                           f"_('{words.strip()[:50]}')", lines)
    code = csource.blank(text, strings=False)
    for mark in MARK.finditer(code):
        before = code[:mark.start()].rstrip()
        if before.endswith(('function', 'const', 'let')):
            continue
        given = arguments(code, mark.end())
        if given and given[0][1].startswith('`'):
            faults.add(path, csource.line_of(code, mark.start()), 'msgid',
                       'a literal in quotes, with %s for what changes', lines)


def is_for_people(path):
    parts = path.split('/')
    if 'tests' in parts or 'test' in parts or parts[-1].startswith('test-'):
        return False
    return path.startswith(('hub/', 'plugins/', 'data/web/')) and path.endswith(('.c', '.h', '.js'))


def main():
    root = csource.root_from_arguments()
    faults = csource.Faults(root)
    looked = 0
    for path in csource.tracked(root):
        if not is_for_people(path):
            continue
        looked += 1
        text = csource.read(root, path)
        if path.endswith('.js'):
            check_js(path, text, faults)
        else:
            check_c(path, text, faults)
    return faults.end(looked)


if __name__ == '__main__':
    sys.exit(main())
