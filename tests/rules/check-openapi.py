#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""data/api/openapi.json, with what each plugin describes of its own in api.json, against itself and
against the routes in the C code, both ways.

A route in C is three literals in a row: method, path below /api/v1, permission."""
import json
import os
import re
import sys

import csource

WALK = 'tests/hostile/routes.json'
DOCUMENT = 'data/api/openapi.json'
METHODS = ('get', 'post', 'put', 'delete')
ROUTE = re.compile(r'"(GET|POST|PUT|DELETE)"\s*,\s*"(/[^"\s]*)"\s*,\s*(?:"([^"]*)"|(\w+))')
# How the web says that no line of the authorisation table is needed.
ANYONE, SIGNED_IN = 'HUB_WEB_ANYONE', ('HUB_WEB_SIGNED_IN', 'HUB_WEB_OWN_ACCOUNT')


def resolve(document, reference):
    node = document
    if not reference.startswith('#/'):
        return None
    for part in reference[2:].split('/'):
        part = part.replace('~1', '/').replace('~0', '~')
        if not isinstance(node, dict) or part not in node:
            return None
        node = node[part]
    return node


def references(node, where='#'):
    if isinstance(node, dict):
        if isinstance(node.get('$ref'), str):
            yield where, node['$ref']
        for key, child in node.items():
            yield from references(child, f'{where}/{key}')
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from references(child, f'{where}/{index}')


def followed(document, node):
    return resolve(document, node['$ref']) if '$ref' in node else node


def check_schema(node, where, say):
    """Required members are described, types are JSON Schema's, bounds are not crossed."""
    types = {'string', 'integer', 'number', 'boolean', 'object', 'array', 'null'}
    if isinstance(node, list):
        for index, child in enumerate(node):
            check_schema(child, f'{where}/{index}', say)
    if not isinstance(node, dict):
        return
    kinds = node.get('type')
    if isinstance(kinds, str) or (isinstance(kinds, list)):
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            if kind not in types:
                say(f'{where}: there is no type {kind}')
    if isinstance(node.get('properties'), dict):
        for name in node.get('required', []):
            if name not in node['properties']:
                say(f'{where}: {name} is required but not described')
    for low, high in (('minimum', 'maximum'), ('minLength', 'maxLength'), ('minItems', 'maxItems')):
        if low in node and high in node and node[low] > node[high]:
            say(f'{where}: {low} is above {high}')
    for key, child in node.items():
        if key in ('properties', 'items', 'oneOf', 'anyOf', 'allOf', 'additionalProperties'):
            if key == 'properties':
                for name, property_ in child.items():
                    check_schema(property_, f'{where}/{name}', say)
            else:
                check_schema(child, f'{where}/{key}', say)


def check_operation(document, method, path, operation, seen, say):
    where = f'{method.upper()} {path}'
    identifier = operation.get('operationId')
    if not identifier or identifier in seen:
        say(f'{where}: no operationId, or one that stands twice')
    seen.add(identifier)
    known = {tag['name'] for tag in document.get('tags', [])}
    if not operation.get('tags') or not set(operation['tags']) <= known:
        say(f'{where}: no tag, or an unknown one')
    if not operation.get('summary'):
        say(f'{where}: no summary')
    parameters = [followed(document, p) or {} for p in operation.get('parameters', [])]
    in_path = {p.get('name') for p in parameters if p.get('in') == 'path'}
    if in_path != set(re.findall(r'\{(\w+)\}', path)):
        say(f'{where}: its path has other parts than its parameters')
    if any('schema' not in p for p in parameters):
        say(f'{where}: a parameter has no schema')
    key = [p for p in parameters if p.get('name') == 'Idempotency-Key' and p.get('required')]
    if method != 'get' and operation.get('security') != [] and not key:
        say(f'{where}: writes, but takes no Idempotency-Key')
    if method == 'get' and ('requestBody' in operation or key):
        say(f'{where}: reads, but takes a body or an Idempotency-Key')
    responses = operation.get('responses', {})
    if not any(status.startswith('2') for status in responses):
        say(f'{where}: no answer when all is well')
    problems = 0
    for status, response in responses.items():
        response = followed(document, response) or {}
        if not response.get('description'):
            say(f'{where}: {status} has no description')
        content = response.get('content', {})
        if status[0] in '45':
            schema = content.get('application/problem+json', {}).get('schema', {})
            if schema.get('$ref') != '#/components/schemas/Problem':
                say(f'{where}: {status} is not a problem document')
            problems += status[0] == '4'
        elif status != '204' and 'schema' not in content.get('application/json', {}) and (
                not content or 'application/json' in content):  # a file is as it is
            say(f'{where}: {status} has no JSON schema')
    if not problems:
        say(f'{where}: no 4xx')


def check_document(document, say):
    if not str(document.get('openapi', '')).startswith('3.1.'):
        say('it is not OpenAPI 3.1')
    for name in ('info', 'paths', 'components', 'servers', 'security'):
        if name not in document:
            say(f'{name} is missing')
    used = set()
    for where, reference in references(document):
        if resolve(document, reference) is None:
            say(f'{where}: {reference} leads nowhere')
        used.add(reference)
    for kind in ('schemas', 'parameters', 'responses'):
        for name in document.get('components', {}).get(kind, {}):
            if f'#/components/{kind}/{name}' not in used:
                say(f'components/{kind}/{name}: nothing uses it')
    for name, schema in document.get('components', {}).get('schemas', {}).items():
        check_schema(schema, name, say)
    schemes = set(document.get('components', {}).get('securitySchemes', {}))
    for requirement in document.get('security', []):
        if not set(requirement) <= schemes:
            say('security names a scheme that is not described')
    seen = set()
    for path, item in document.get('paths', {}).items():
        for method, operation in item.items():
            if method not in METHODS:
                say(f'{path}: {method} is not served')
            else:
                check_operation(document, method, path, operation, seen, say)


def routes_in_code(root):
    """(method, path) → [(file, line, permission or name)]"""
    found = {}
    for path in csource.tracked(root):
        if path.endswith('.c') and path.startswith(('hub/', 'plugins/')) \
                and not path.startswith('hub/ctl/'):
            text = csource.read(root, path)
            for route in ROUTE.finditer(text):
                permission = route.group(3) if route.group(3) is not None else route.group(4)
                found.setdefault((route.group(1).lower(), route.group(2)), []).append(
                    (path, csource.line_of(text, route.start()), permission))
    return found


def check_route(document, key, places, faults):
    method, path = key
    operation = document.get('paths', {}).get(path, {}).get(method)
    for place, number, permission in places:
        if operation is None:
            faults.add(place, number, 'openapi', f'{method.upper()} {path} is not described')
            continue
        wanted = operation.get('x-karez-permission')
        if permission == ANYONE and operation.get('security') != []:
            faults.add(place, number, 'openapi', f'{path}: anyone may, the document says otherwise')
        elif permission not in (ANYONE, *SIGNED_IN) and permission != wanted:
            faults.add(place, number, 'openapi',
                       f'{path}: needs {permission}, the document says {wanted}')


def add_plugins(root, document, faults):
    """What plugins/ID/api.json says, as hub-web-document.c adds it: of its own routes alone."""
    for path in csource.tracked(root):
        parts = path.split('/')
        if parts[0] != 'plugins' or parts[2:] != ['api.json']:
            continue
        try:
            part = json.loads(csource.read(root, path))
        except ValueError as error:
            faults.add(path, 1, 'openapi', f'it cannot be read: {error}')
            continue
        if set(part) != {'tags', 'paths', 'components'} or set(part['components']) != {'schemas'}:
            faults.add(path, 1, 'openapi', 'it has tags, paths, and the schemas of components')
            continue
        for name in part['paths']:
            if not name.startswith(f'/x/{parts[1]}/'):
                faults.add(path, 1, 'openapi', f'{name} is not below /x/{parts[1]}/')
        for name in set(part['components']['schemas']) & set(document['components']['schemas']):
            faults.add(path, 1, 'openapi', f'there is a schema {name} already')
        document['tags'] += part['tags']
        document['paths'].update(part['paths'])
        document['components']['schemas'].update(part['components']['schemas'])


def check_walk(root, document, faults):
    """tests/hostile/routes.json, and test-routes.json of each plugin, say who may ask what, in words of
    their own: each operation."""
    files = [WALK] + [name for name in csource.tracked(root)
                      if re.fullmatch(r'plugins/[^/]+/test-routes\.json', name)]
    walked = []
    for place in files:
        try:
            with open(os.path.join(root, place), encoding='utf-8') as file:
                table = json.load(file)
        except OSError:
            return
        own = [name for who, names in table.items() if who != 'comment' for name in names]
        prefix = f' /x/{place.split("/")[1]}/' if place != WALK else None
        for name in own:
            if prefix and prefix not in name or not prefix and ' /x/' in name:
                faults.add(place, 1, 'openapi', f'{name} is not of this file')
        walked += own
    served = {f'{method.upper()} {path}' for path, item in document.get('paths', {}).items()
              for method in item}
    for name in sorted(served - set(walked)):
        faults.add(WALK, 1, 'openapi', f'who may {name}?')
    for name in sorted(set(walked) - served):
        faults.add(WALK, 1, 'openapi', f'there is no {name}')
    for name in sorted({name for name in walked if walked.count(name) > 1}):
        faults.add(WALK, 1, 'openapi', f'{name} stands there twice')


def main():
    root = csource.root_from_arguments()
    faults = csource.Faults(root)
    try:
        with open(os.path.join(root, DOCUMENT), encoding='utf-8') as file:
            document = json.load(file)
    except (OSError, ValueError) as error:
        faults.add(DOCUMENT, 1, 'openapi', f'it cannot be read: {error}')
        return faults.end(1)

    for name in document.get('paths', {}):
        if name.startswith('/x/'):
            faults.add(DOCUMENT, 1, 'openapi', f'{name} is a plugin\'s: plugins/ID/api.json')
    add_plugins(root, document, faults)
    check_document(document, lambda text: faults.add(DOCUMENT, 1, 'openapi', text))
    code = routes_in_code(root)
    for key, places in sorted(code.items()):
        check_route(document, key, places, faults)
    for path, item in document.get('paths', {}).items():
        for method in item:
            if (method, path) not in code:
                faults.add(DOCUMENT, 1, 'openapi', f'nothing serves {method.upper()} {path}')
    check_walk(root, document, faults)
    return faults.end(1 + len(code))


if __name__ == '__main__':
    sys.exit(main())
