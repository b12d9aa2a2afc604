#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A condition on a pointer says NULL, and the argument of a class_init is klass.

What a pointer is, is read from the text: a local or a parameter that its function declares so,
a member that every struct of the tree declares so, a call of a function that a header declares so.
Whatever may be something else is let pass."""
import re
import sys

import csource

DECLARED = re.compile(
    r'(?:(?<=[(,;{}])|^)\s*(?:const |static |struct |volatile |g_autofree |KAREZ_\w+ )*'
    r'(?:g_autoptr \(\w+\) (?P<auto>\w+)|(?:gpointer|GStrv) (?P<plain>\w+)'
    r'|\w+(?: const)? \*+(?:const )?(?P<star>\w+)(?P<more>(?:, \*+\w+)*))'
    r'(?P<end>\s*[,;=)\[(])', re.M)
OTHER = re.compile(r'\b(?!return\b|else\b|case\b|const\b|goto\b|sizeof\b)[A-Za-z_]\w* (\w+)\s*[,;=)\[:]')
STRUCT = re.compile(r'\b(?:struct|union)(?: \w+)?\s*\{')
PROTOTYPE = re.compile(r'^(?:[A-Z]\w+ )?(?:const )?\w+ \*(\w+)\s*\(', re.M)
OPEN = re.compile(r'^\{', re.M)
OPERAND = re.compile(r'(?<![\w.>*&])[A-Za-z_]\w*(?:(?:->|\.)\w+|\[[^][]*\])*')
BEFORE = re.compile(r'(!|&&|\|\||\b(?:if|while) \(|[(?:,;]|(?<![=!<>])=|\breturn)\s*$')
AFTER = re.compile(r'\s*(&&|\|\||[),;?:])')
KLASS = re.compile(r'\w*Class \*(?!klass\b)(class|class_|clazz|cls)\b')


def closing(code, start):
    """The offset behind the bracket that closes the one at `start`, or -1."""
    depth = 0
    for at in range(start, len(code)):
        if code[at] in '([{':
            depth += 1
        elif code[at] in ')]}':
            depth -= 1
            if depth == 0:
                return at + 1
    return -1


def declared(text):
    """Names that `text` declares as pointers, and those that it may declare as something else."""
    pointers = set()
    for found in DECLARED.finditer(text):
        name = found['auto'] or found['plain'] or found['star']
        if not found['end'].strip().startswith(('[', '(')):
            pointers.add(name)
        pointers.update(re.findall(r'\w+', found['more'] or ''))
    return pointers, set(OTHER.findall(DECLARED.sub(' ', text)))


def members(codes):
    """Members that are pointers in each struct of the tree that has one of that name."""
    pointers, others = set(), set()
    for code in codes:
        for found in STRUCT.finditer(code):
            end = closing(code, found.end() - 1)
            for line in code[found.end():max(end - 1, found.end())].split(';'):
                is_pointer, other = declared(f'{{{line};')
                pointers |= is_pointer
                others |= other | (set(re.findall(r'\w+', line)) - is_pointer if '[' in line or '(' in line
                                   or ',' in line else set())
    return pointers - others


def functions(code):
    """The body of each function with its head, and where the body begins."""
    for found in OPEN.finditer(code):
        head = code[:found.start()].rstrip()
        if head.endswith(')'):
            end = code.find('\n}', found.start())
            begin = max(head.rfind('\n\n'), head.rfind('\n}'), head.rfind(';'))
            yield head[begin + 1:], found.start(), code[found.start():end if end >= 0 else len(code)]


def is_condition(body, start, end):
    before = BEFORE.search(body, max(0, start - 60), start)
    after = AFTER.match(body, end)
    if not before or not after:
        return False
    before, after = before.group(1), after.group(1)
    if before == '!' or before in ('&&', '||'):
        return True
    return after in ('&&', '||', '?') or (before.endswith('(') and len(before) > 1 and after == ')')


def check(path, code, fields, calls, faults, lines):
    for head, begin, body in functions(code):
        pointers, others = declared(head[head.find('('):] + body)
        for found in OPERAND.finditer(body):
            end, name = found.end(), re.findall(r'\w+', re.sub(r'\[.*?\]', '', found.group(0)))[-1]
            if found.group(0).endswith(']'):
                continue  # of what the array is made, a name does not say
            if body.startswith(' (', end):
                if name != found.group(0) or name not in calls:
                    continue
                end = closing(body, end + 1)
            elif name == found.group(0):
                if name not in pointers or name in others:
                    continue
            elif name not in fields:
                continue
            if end > 0 and is_condition(body, found.start(), end):
                said = re.sub(r'\s+', ' ', body[found.start():end])
                faults.add(path, csource.line_of(code, begin + found.start()), 'pointer',
                           f'"{said}" is a pointer: == NULL or != NULL', lines)


def main():
    root = csource.root_from_arguments()
    faults = csource.Faults(root)
    texts = {path: csource.read(root, path) for path in csource.c_files(root)
             if path.endswith(('.c', '.h')) and '/corpus/' not in path and '/assets/' not in path}
    codes = {path: csource.blank(text) for path, text in texts.items()}
    fields = members(codes.values())
    calls = {name for path, code in codes.items() if path.endswith('.h')
             for name in PROTOTYPE.findall(code)}
    for path, code in codes.items():
        lines = texts[path].splitlines()
        check(path, code, fields, calls, faults, lines)
        for found in KLASS.finditer(code):
            faults.add(path, csource.line_of(code, found.start()), 'klass',
                       f'{found.group(1)} is klass', lines)
    return faults.end(len(texts))


if __name__ == '__main__':
    sys.exit(main())
