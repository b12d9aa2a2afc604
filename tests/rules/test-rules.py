#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules see what they forbid: each is shown a small tree with one fault, and one without."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
LICENCE = '/* SPDX-License-Identifier: LGPL-2.1-or-later */\n'
SPDX = LICENCE + '/* What it is. */\n'
LONG = SPDX + 'static void\nf (void)\n{\n' + '  g ();\n' * 91 + '}\n'
SDK = {'hub/sdk/karez-x.h': SPDX + '#pragma once\nKAREZ_PRIVATE int karez_x_inner (int x);\n',
       'hub/sdk/karez.h': SPDX + '#pragma once\n'}
HEAD = ('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
        '"Plural-Forms: nplurals=1; plural=0;\\n"\n\n')
with open(os.path.join(HERE, '..', '..', 'po', 'update'), encoding='utf-8') as update:
    PO = {'po/update': update.read(), 'plugins/x': '', 'data/web/src/x': '',
          **{f'po/{language}.po': HEAD + 'msgid "One"\nmsgstr "1"\n'
             for language in ('en', 'zh_CN', 'ug')}}

with open(os.path.join(HERE, '..', '..', 'plugins', 'template', 'po', 'update'), encoding='utf-8') as update:
    OWN = {**PO, 'hub/base/a.c': 'x (N_ ("One"));\n', 'plugins/s/s.plugin': '[Plugin]\nName=Two\n',
           'plugins/s/s.c': 'x (N_ ("Three"));\n', 'plugins/s/web/s.js': "_('Four')\n",
           'plugins/s/po/update': update.read(), 'plugins/s/po/LINGUAS': 'ug\n',
           'plugins/s/po/POTFILES': 's.c\ns.plugin\nweb/s.js\n',
           'plugins/s/po/ug.po': HEAD + ''.join(f'msgid "{one}"\nmsgstr "x"\n\n' for one in ('Two', 'Three', 'Four'))}

REFERENCES = {
    'hub/engine/hub-plugin-keys.c': SPDX + '  { "Plugin", "Id", TRUE }, { "Plugin", "Live", FALSE },\n',
    'hub/engine/hub-plugin-file.c': SPDX + 'services[] = { "store", NULL };\nf ("plugin/value");\n',
    'hub/web/hub-web-live.c': SPDX + 'static const KarezJsonField say_fields[] = {\n  { "type", X },\n  { "body", X },\n};\n'
                              'k[] = { { "say", say_fields, say } };\ng ("type", "s", "told", NULL);\n',
    'data/doc/plugin.md': '| key of `[Plugin]` | value | without it |\n| --- | --- | --- |\n| `Id` | a name | refused |\n| `Live` | a module | none |\n\n'
                          '## Services\n\n| `store` | a schema |\n\n## Refusals\n\n| `plugin/value` | a value |\n',
    'data/doc/desk.md': '# Desk\n',
    'data/api/live.md': '## From the page\n\n| `say` | `body` | speaks |\n\n## To the page\n\n| `told` | | heard |\n'}


def references(path, old, new):
    """The same with one change."""
    return {**REFERENCES, path: REFERENCES[path].replace(old, new)}


UNIT = '[Service]\nExecStart=@bindir@/a\n'
USERS = {'data/systemd/a.sysusers': 'u a - "A" -\n'}

API = {'data/api/openapi.json': '{"openapi": "3.1.0", "info": {}, "servers": [], "security": [], "tags": [], "paths": {}, '
       '"components": {"schemas": {"S": {}}}}\n'}

SONAR = {'plugins/sonar/sonar.plugin': '[Plugin]\nId=sonar\n[Modality]\nId=echo\n',
         'plugins/sonar/a.c': 'const char *a = "sonar.request";\n'}

BLOCK = '/**\n * karez_x_f:\n * @x: what\n *\n * Since: 1.0\n */\n'
F_H = 'KAREZ_PUBLIC int karez_x_f (KarezX *x);\n'
F_C = 'int\nkarez_x_f (KarezX *x)\n{\n%s  return x->y;\n}\n'


def sdk(block, guard='', before=''):
    """A header and a source of libkarez with one function."""
    return {'hub/sdk/karez-x.h': SPDX + block + F_H, 'hub/sdk/karez-x.c': SPDX + before + F_C % guard}


# A struct, a function and one more, whose body is the case's.
P = SPDX + '''struct _A
{
  char *b;
  int d, *e;
};
struct _B
{
  int e;
};
int
g (A *a)
{
  int n = 0;
  const char *c = NULL;

  %s
  return n;
}
'''

# rule script, files, a word that must be in what it says ('' when it must be content)
CASES = [
    ('check-references', REFERENCES, ''),
    ('check-references', references('data/doc/plugin.md', '| `Live` | a module | none |\n', ''), 'says nothing of Live in [Plugin]'),
    ('check-references', references('data/doc/plugin.md', '`Live`', '`Dead`'), 'no key file has Dead in [Plugin]'),
    ('check-references', references('data/doc/plugin.md', 'a module | none', 'a module | refused'), 'Live is not refused without it'),
    ('check-references', references('data/doc/plugin.md', '`store`', '`shop`'), 'there is no service shop'),
    ('check-references', references('data/doc/plugin.md', '`plugin/value`', '`plugin/other`'), 'says nothing of the rule plugin/value'),
    ('check-references', references('data/api/live.md', '`body`', '`text`'), 'says nothing of the member of say: body'),
    ('check-references', references('data/api/live.md', '`told`', '`heard`'), 'says nothing of the frame to the page told'),
    ('check-references', references('hub/web/hub-web-live.c', '"told"', '"new"'), 'there is no frame to the page told'),
    ('check-sdk', sdk(BLOCK, '  g_return_val_if_fail (x != NULL, 0);\n\n'), ''),
    ('check-sdk', sdk(BLOCK), 'unseen'),
    ('check-sdk', sdk(BLOCK, '', '/* nocheck:sdk-guard -- NULL is none */\n'), ''),
    ('check-sdk', sdk('/* What. Since: 1.0 */\n', '  g_return_val_if_fail (x, 0);\n\n'), 'no block'),
    ('check-sdk', sdk(BLOCK.replace(' * Since: 1.0\n', ''), '  g_return_val_if_fail (x, 0);\n\n'), 'since when'),
    ('check-sdk', sdk(BLOCK.replace('karez_x_f', 'karez_x_g'), '  g_return_val_if_fail (x, 0);\n\n'), 'no block'),
    ('check-sdk', {'hub/sdk/karez-x.h': SPDX + 'typedef enum\n{\n  KAREZ_A,\n} KarezA;\n'}, 'no block'),
    ('check-sdk', {'hub/testing/karez-test-x.h': SPDX + 'typedef enum\n{\n  KAREZ_A,\n} KarezA;\n'}, 'no block'),
    ('check-layers', {'hub/base/a.c': '#include <glib.h>\n'}, ''),
    ('check-layers', {'hub/base/a.c': '#include "s.h"\n', 'hub/store/s.h': ''}, 'higher level'),
    ('check-layers', {'hub/web/a.c': '#include "p.h"\n', 'hub/peers/p.h': ''}, 'a sibling'),
    ('check-layers', {'hub/web/a.c': '#include "s.h"\n', 'hub/store/s.h': ''}, ''),
    ('check-layers', {'hub/web/a.c': '/* #include "p.h" */\n', 'hub/peers/p.h': ''}, ''),
    ('check-layers', {'hub/web/a.c': '#include "karez-x.h"\n', **SDK}, 'umbrella'),
    ('check-layers', {'hub/new/a.c': ''}, 'no level'),
    ('check-layers', {'hub/agenda/sql/a.sql': 'select 1 from agenda.claim, karez.hub;\n'}, ''),
    ('check-layers', {'hub/agenda/sql/a.sql': 'select 1 from engine.session;\n'}, 'sql-layer'),
    ('check-layers', {'hub/agenda/sql/a.sql': "select 'x' from a join web.account w on 1 = 1;\n"}, 'sql-layer'),
    ('check-layers', {'hub/agenda/sql/a.sql': "select to_regclass ('engine.session');\n"}, 'sql-layer'),
    ('check-layers', {'hub/agenda/sql/a.sql': '-- not engine.session\nselect b.web from a b;\n'}, ''),
    ('check-layers', {'hub/engine/sql/a.sql': 'select 1 from agenda.claim;\n'}, ''),
    ('check-layers', {'hub/store/a.c': SPDX + 'const char *s = "update web.sign_in set a = 1";\n'}, 'sql-layer'),
    ('check-layers', {'hub/daemon/a.c': SPDX + 'const char *s = "from the engine.session";\n'}, ''),
    ('check-layers', {'plugins/p/sql/a.sql': 'select 1 from p.own;\n'}, ''),
    ('check-layers', {'plugins/p/sql/a.sql': 'select 1 from agenda.booking;\n'}, 'sql-layer'),
    ('check-layers', {'plugins/p/sql/a.sql': 'select 1 from q.own;\n', 'plugins/q/sql/a.sql': 'select 1;\n'}, 'sql-layer'),
    ('check-layers', {'plugins/p/a.c': '#include "s.h"\n', 'hub/store/s.h': ''}, 'plugin-include'),
    ('check-layers', {'plugins/p/a.c': '#include <s.h>\n', 'hub/store/s.h': ''}, 'plugin-include'),
    ('check-layers', {'plugins/p/a.c': '#include <karez.h>\n#include "b.h"\n', 'plugins/p/b.h': '',
                      **SDK}, ''),
    ('check-layers', {'plugins/p/a.c': 'int x = karez_x_inner (1);\n', **SDK}, 'plugin-private'),
    ('check-layers', {'plugins/p/a.c': 'int x = hub_id_new ();\n'}, 'plugin-private'),
    ('check-plugins', {**SONAR, 'hub/a.c': '/* The echo of a sonarist, "ping". */\n'}, ''),
    ('check-plugins', {**SONAR, 'hub/a.c': 'put ("/x/sonar/requests/");\n'}, 'names plugins/sonar/'),
    ('check-plugins', {**SONAR, 'meson.build': "subdir('plugins/sonar')\n"}, 'names plugins/sonar/'),
    ('check-plugins', {**SONAR, 'data/a.json': '{"modality": "echo"}\n'}, 'names plugins/sonar/'),
    ('check-plugins', {**SONAR, 'data/a.css': '.sonar-tile { margin: 0; }\n'}, 'names plugins/sonar/'),
    ('check-plugins', {**SONAR, 'data/a.sql': 'grant usage on schema sonar to a;\n'}, 'names plugins/sonar/'),
    ('check-plugins', {**SONAR, 'tests/a.mjs': "'/x/sonar'\n", 'README.md': '`sonar`\n'}, ''),
    ('check-plugins', {**SONAR, 'po/a.po': '#: plugins/sonar/a.c\nmsgid "sonar"\nmsgstr ""\n'}, ''),
    ('check-plugins', {**SONAR, 'po/a.po': '#: plugins/sonar/a.c hub/a.c\nmsgid "sonar"\nmsgstr ""\n'}, 'is not of it'),
    ('check-source', {'hub/base/a.c': SPDX + 'int\nf (void)\n{\n  return 1;\n}\n'}, ''),
    ('check-source', {'hub/base/a.c': 'int x;\n'}, 'spdx'),
    ('check-source', {'hub/base/a.c': LICENCE + 'int x;\n'}, 'opening'),
    ('check-source', {'hub/base/a.c': SPDX + 'int x; /* TO' + 'DO */\n'}, 'unfinished'),
    ('check-source', {'hub/base/a.c': SPDX + 'int x;' + ' ' * 90 + 'int y;\n'}, 'columns'),
    ('check-source', {'hub/base/a.c': SPDX + '\tint x;\n'}, 'tab'),
    ('check-source', {'hub/base/a.c': SPDX + 'int x; \n'}, 'blank'),
    ('check-source', {'hub/base/a.c': SPDX + 'void f (int x, GError **error);\n'}, 'void-error'),
    ('check-source', {'hub/base/a.c': SPDX + 'int f (void) { goto out; }\n'}, 'goto'),
    ('check-source', {'hub/base/a.c': SPDX + '/* goto */ char *x = "goto system ()";\n'}, ''),
    ('check-source', {'hub/base/a.c': SPDX + 'int x = system (y);\n'}, 'blocked'),
    ('check-source', {'hub/base/a.c': SPDX + '/* nocheck:blocked -- a test of the rule */\n'
                      'int x = system (y);\n'}, ''),
    ('check-source', {'hub/base/a.c': SPDX + '/* nocheck:blocked */\nint x = system (y);\n'}, 'blocked'),
    ('check-source', {'hub/web/a.c': SPDX + 'int x = PQexec (c, s);\n'}, 'blocked'),
    ('check-source', {'tests/a.c': SPDX + 'int x = g_main_context_iteration (c, s);\n'}, ''),
    ('check-source', {'hub/web/a.c': SPDX + 'int x = g_main_context_iteration (c, s);\n'}, 'blocked'),
    ('check-source', {'hub/base/a.c': SPDX + 'int x = f (a, g (b, &e), e);\n'}, 'argument-order'),
    ('check-source', {'hub/base/a.c': SPDX + 'int x = f (s->x,\n  g_steal_pointer (&s));\n'},
     'argument-order'),
    ('check-source', {'hub/base/a.c': SPDX + 'int x = f (g_steal_pointer (&s->x), s->x);\n'},
     'argument-order'),
    ('check-source', {'hub/base/a.c': SPDX + 'int x = f (a, &e, e), y = g (&a, h (&b), c->b);\n'}, ''),
    ('check-source', {'hub/base/a.c': LONG}, 'function-size'),
    ('check-source', {'hub/base/a.c': SPDX + 'int x;\n' * 801}, 'file-size'),
    ('check-source', {'hub/base/a.h': SPDX + 'int x;\n'}, 'pragma-once'),
    ('check-source', {'plugins/p/a.cpp': 'int x;\n'}, 'spdx'),
    ('check-source', {'plugins/p/a.cpp': LICENCE + 'int x;\n'}, 'opening'),
    ('check-source', {'plugins/p/a.cpp': LONG}, 'function-size'),
    ('check-source', {'plugins/p/a.hpp': SPDX + 'int x;\n'}, 'pragma-once'),
    ('check-layers', {'plugins/p/a.cpp': '#include "s.h"\n', 'hub/store/s.h': ''}, 'plugin-include'),
    ('check-format', {'plugins/p/a.cpp': SPDX + 'int  x;\n'}, 'clang-format-14 -i plugins/p/a.cpp'),
    ('check-pointers', {'hub/base/a.h': 'const char *f (void);\n', 'hub/base/a.c': P % 'if (a != NULL && !n && a->b == NULL && (a->d || f () == NULL))\n    n = g (a);'}, ''),
    ('check-pointers', {'hub/base/a.h': 'const char *f (void);\n', 'hub/base/a.c': P % 'if (a)\n    n = 1;'}, '"a" is a pointer'),
    ('check-pointers', {'hub/base/a.h': 'const char *f (void);\n', 'hub/base/a.c': P % 'n = !a->b;'}, '"a->b" is a pointer'),
    ('check-pointers', {'hub/base/a.h': 'const char *f (void);\n', 'hub/base/a.c': P % 'n = n == 2 && f ();'}, '"f ()" is a pointer'),
    ('check-pointers', {'hub/base/a.h': 'const char *f (void);\n', 'hub/base/a.c': P % 'c = a ? a->b : c;'}, '"a" is a pointer'),
    ('check-pointers', {'hub/base/a.h': 'const char *f (void);\n', 'hub/base/a.c': P % 'n = c == a->b && a->e && *c;'}, ''),
    ('check-pointers', {'hub/base/a.c': SPDX + 'void\nx_class_init (XClass *class)\n{\n}\n'}, 'klass'),
    ('check-strings', {'hub/base/a.c': 'karez_error_set (e, C, "r", NULL, "It broke: %s", a);\n'}, ''),
    ('check-strings', {'hub/base/a.c': 'karez_error_set (e, C, "r", NULL, "It broke: %d", a);\n'},
     'conversion'),
    ('check-strings', {'hub/base/a.c': 'karez_transaction_run_one (t, "r", "No", "x", "()");\n'},
     'untranslated'),
    ('check-strings', {'hub/base/a.c': 'x (N_ ("Too many: %d"));\n'}, 'conversion'),
    ('check-strings', {'hub/base/a.c': 'x (N_ ("Too many: %s"));\n'}, ''),
    ('check-strings', {'hub/base/a.c': 'x (N_ (text));\n'}, 'msgid'),
    ('check-strings', {'data/web/src/a.js': 'html`<p>${ok ? html`<b>${_("x")}</b>` : 1}</p>`\n'}, ''),
    ('check-strings', {'data/web/src/a.js': 'html`<p>${ok ? html`<b>Plain words</b>` : 1}</p>`\n'},
     'untranslated'),
    ('check-strings', {'data/web/src/a.js': 'html`<p title="Plain words">${1}</p>`\n'},
     'untranslated'),
    ('check-strings', {'data/web/src/a.js': 'x = _(`Plain ${words}`)\n'}, 'msgid'),
    ('check-catalogues', {**PO, 'hub/base/a.c': 'x (N_ ("One"));\n'}, ''),
    ('check-catalogues', {**PO, 'hub/base/a.c': 'x (N_ ("Two"));\n'}, 'catalogue'),
    ('check-catalogues', {**PO, 'hub/base/a.c': 'x (N_ ("One"));\n',
                          'po/ug.po': HEAD + 'msgid "One"\nmsgstr ""\n'}, 'untranslated'),
    ('check-catalogues', {**PO, 'hub/base/a.c': 'x (N_ ("One"));\n',
                          'po/ug.po': HEAD + '#, fuzzy\nmsgid "One"\nmsgstr "x"\n'}, 'untranslated'),
    ('check-catalogues', OWN, ''),
    ('check-catalogues', {**OWN, 'plugins/s/s.c': 'x (N_ ("Five"));\n'}, 'not defined in'),
    ('check-catalogues', {**OWN, 'plugins/s/new.c': 'x (N_ ("Three"));\n'}, 'POTFILES lacks: new.c'),
    ('check-catalogues', {**OWN, 'plugins/s/po/ug.po': OWN['plugins/s/po/ug.po'].replace('"Four"\nmsgstr "x"', '"Four"\nmsgstr ""')}, 'untranslated'),
    ('check-catalogues', {**OWN, 'po/ug.po': PO['po/ug.po'] + '\nmsgid "Three"\nmsgstr "3"\n'}, 'nothing says "Three"'),
    ('check-statements', {'hub/web/sql/a.sql': '-- name: x\nselect 1;\n',
                          'hub/web/a.c': 'karez_transaction_run (t, "x", "()");\n'}, ''),
    ('check-statements', {'hub/web/sql/a.sql': '-- name: x\nselect 1;\n',
                          'hub/web/a.c': 'karez_transaction_run (t, ok ? "x" : "y", "()");\n'},
     'no statement y'),
    ('check-statements', {'hub/web/sql/a.sql': '-- name: x\nselect 1;\n'}, 'nothing uses'),
    ('check-words', {'hub/base/a.c': SPDX + '/* Of unknown sources. */\n'}, ''),
    ('check-words', {'hub/base/a.c': SPDX + '/* A stranger’s. */\n'}, 'say unknown'),
    ('check-words', {'hub/base/a.c': SPDX + 'static int tongue_of;\n'}, 'say language'),
    ('check-words', {'hub/base/a.c': SPDX + '/* A plugin that is put aside. */\n'}, 'say disabled'),
    ('check-words', {'tests/a.c': SPDX + '/* A stranger. */\n', 'README.md': '# A\n'}, ''),
    ('check-documents', {'README.md': '`a.c`, `b/a.c`, `/etc/x.conf`, `NAME.js`\n', 'hub/b/a.c': ''}, ''),
    ('check-documents', {'README.md': '# A\n\n`c/a.c`\n', 'hub/b/a.c': ''}, 'no c/a.c'),
    ('check-documents', {'README.md': '`hub_f()`, `g_free()`\n', 'hub/b/a.c': 'void hub_f (void);\n'}, ''),
    ('check-documents', {'README.md': '`hub_g()`\n', 'hub/b/a.c': 'void hub_f (void);\n'}, 'no hub_g()'),
    ('check-documents', {'ARCHITECTURE.md': '| `hub/b/` |\n', 'hub/b/a.c': ''}, ''),
    ('check-documents', {'ARCHITECTURE.md': '| `hub/c/` |\n', 'hub/b/a.c': ''}, 'the map has no'),
    ('check-openapi', {'plugins/p/api.json': '{"tags": [], "paths": {"/x/q/a": {}}, "components": {"schemas": {}}}\n', **API}, 'is not below /x/p/'),
    ('check-openapi', {'plugins/p/api.json': '{"tags": [], "paths": {}}\n', **API}, 'it has tags, paths'),
    ('check-openapi', {'plugins/p/api.json': '{"tags": [], "paths": {}, "components": {"schemas": {"S": {}}}}\n', **API}, 'a schema S already'),
    ('check-openapi', {**API, 'data/api/openapi.json': API['data/api/openapi.json'].replace('"paths": {}', '"paths": {"/x/p/a": {}}')}, "is a plugin's"),
    ('check-statements', {'hub/web/sql/a.sql': '-- name: x\nselect 1;\n-- name: x\nselect 2;\n',
                          'hub/web/a.c': 'f ("x");\n'}, 'twice'),
    ('check-statements', {'hub/web/sql/0002-a.sql': 'select 1;\n'}, 'migration'),
    ('check-format', {'hub/base/a.c': SPDX + 'int\nf (void)\n{\n  return 1;\n}\n'}, ''),
    ('check-format', {'hub/base/a.c': SPDX + 'int f(void) { return 1; }\n'}, 'format'),
    ('check-shell', {'a': '#!/bin/sh\necho "$1"\n'}, ''),
    ('check-shell', {'a': '#!/bin/sh\nrm $1\n'}, 'SC2086'),
    ('check-units', {'data/systemd/a.service.in': UNIT + 'User=a\n', **USERS}, ''),
    ('check-units', {'data/systemd/a.service.in': UNIT + 'User=b\n', **USERS}, '“b”'),
    ('check-units', {'data/systemd/a@.service': UNIT + 'ProtectSytem=strict\n'}, 'ProtectSytem'),
    ('check-units', {'data/systemd/a.socket': '[Socket]\nListenStream=/a\nAccept=yes\n'}, 'a@'),
]

# subject of a commit, a word that must be in what is said of it
COMMITS = [
    ('web: a page is told', ''),
    ('web, hub-rtc: a page is told', ''),
    ('A page is told', 'module: what it does'),
    ('web: ', 'module: what it does'),
    ('web: ' + 'a' * 67, ''),
    ('web: ' + 'a' * 68, '73 characters'),
]


def run_commit(number, subject, word):
    with tempfile.TemporaryDirectory() as root:
        git = ['git', '-C', root, '-c', 'user.name=A', '-c', 'user.email=a@example.org']
        for words in (['init', '-q'], ['commit', '-q', '--allow-empty', '-m', subject]):
            subprocess.run(git + words, check=True)
        return ask(number, 'check-commits', root, word)


def run(number, script, files, word):
    with tempfile.TemporaryDirectory() as root:
        with open(os.path.join(HERE, '..', '..', '.clang-format'), encoding='utf-8') as file:
            files = {'.clang-format': file.read(), **files}
        for path, text in files.items():
            path = os.path.join(root, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
        return ask(number, script, root, word)


def ask(number, script, root, word):
    answer = subprocess.run([sys.executable, os.path.join(HERE, script + '.py'), root],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = answer.stdout.decode()
    good = answer.returncode == 1 and word in said if word else answer.returncode == 0
    print(f'{"ok" if good else "not ok"} {number} {script} {word or "content"}')
    if not good:
        print('\n'.join('# ' + line for line in said.splitlines()))
    return good


def main():
    print(f'1..{len(CASES) + len(COMMITS)}')
    results = [run(number, *case) for number, case in enumerate(CASES, 1)]
    results += [run_commit(number, *case) for number, case in enumerate(COMMITS, len(CASES) + 1)]
    return 0 if all(results) else 1


if __name__ == '__main__':
    sys.exit(main())
