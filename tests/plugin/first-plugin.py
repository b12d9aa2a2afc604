#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stranger's first plugin: what ARCHITECTURE.md says is run as it stands, with the libraries alone
that it names and without the hub. The plugin is built against what that installed, tested and
installed; and what `karezctl plugin new` refuses leaves nothing behind.

    first-plugin.py SOURCE
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = os.path.realpath(sys.argv[1])
NEEDED = ['gio-2.0', 'gio-unix-2.0', 'gmodule-no-export-2.0', 'json-glib-1.0', 'libsodium']
NAME = 'tele-ultrasound'
count = 0


def ok(what):
    global count
    count += 1
    print(f'ok {count} - {what}', flush=True)


def blocks():
    """What the document tells to run, by the word beside "sh"."""
    with open(SOURCE + '/ARCHITECTURE.md', encoding='utf-8') as file:
        return dict(re.findall(r'^```sh (\w+)\n(.*?)^```$', file.read(), re.M | re.S))


def link_packages(folder):
    """pkg-config then finds what is needed and no more: no GStreamer, PostgreSQL, libsoup."""
    paths = subprocess.check_output(['pkg-config', '--variable=pc_path', 'pkg-config'],
                                    text=True).strip().split(':')
    os.mkdir(folder)
    todo = list(NEEDED)
    while todo:
        name = todo.pop()
        found = [f'{path}/{name}.pc' for path in paths if os.path.exists(f'{path}/{name}.pc')]
        if not found or os.path.lexists(f'{folder}/{name}.pc'):
            continue
        os.symlink(found[0], f'{folder}/{name}.pc')
        with open(found[0], encoding='utf-8') as file:
            for line in re.findall(r'^Requires(?:\.private)?:(.*)$', file.read(), re.M):
                todo += [word for word in re.split(r'[\s,]+', line) if re.match('[A-Za-z]', word)]


def run(script, environment, cwd):
    done = subprocess.run(['sh', '-euc', script], cwd=cwd, env=environment, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        print('# ' + done.stdout.replace('\n', '\n# '))
        sys.exit(f'Bail out! {script.strip()}')
    return done.stdout


def refused(environment, place, word, *arguments):
    """`plugin new` says the word, ends with a status other than 0 and leaves no file."""
    before = sorted(os.listdir(place))
    done = subprocess.run(['karezctl', 'plugin', 'new', *arguments], cwd=place, env=environment,
                          text=True, capture_output=True, check=False)
    assert done.returncode not in (0, -11), (arguments, done)
    assert word in done.stderr, (arguments, done.stderr)
    assert sorted(os.listdir(place)) == before, (arguments, os.listdir(place))


def check_refusals(environment, place, template):
    for name in ('', 'Tele', '1st', 'tele_ultrasound', 'a--b', 'a-', 'x' * 33, 'téle', '../x', 'a/b'):
        refused(environment, place, 'plugin/id', name)
    for name in ('karez', 'karez-notes', 'engine', 'public', 'pg-notes', 'test', 'g'):
        refused(environment, place, 'plugin/id', name)
    # Its schema would be no name in SQL, its targets would be Meson's.
    for name in ('select', 'user', 'true', 'current-user', 'meson', 'meson-notes'):
        refused(environment, place, 'plugin/id', name)
    refused(environment, place, 'plugin/title', 'x', '--title', ' x')
    refused(environment, place, 'plugin/title', 'x', '--title', 'x' * 81)
    refused(environment, place, 'plugin/folder', 'x', '--directory', place + '/none')
    refused(environment, place, 'plugin/template', 'x', '--template', place)
    refused(environment, place, 'Usage:')
    for make in (os.mkdir, lambda path: os.symlink('/nowhere', path), lambda path: open(path, 'x').close()):
        make(place + '/there')
        refused(environment, place, 'plugin/exists', 'there')
        os.rmdir(place + '/there') if os.path.isdir(place + '/there') else os.unlink(place + '/there')
    # Two of its files that would be one, and one that cannot be read.
    broken = place + '/broken'
    for spoil in (lambda: shutil.copy(broken + '/template.plugin', broken + '/x.plugin'),
                  lambda: os.symlink('/nowhere', broken + '/gone.c')):
        shutil.copytree(template, broken)
        spoil()
        refused(environment, place, '', 'x', '--template', broken)
        shutil.rmtree(broken)
    ok('what cannot be made is refused, and leaves nothing')


def check_interrupted(environment, place, template):
    """Ended in the middle: a pipe among its files keeps it there for as long as it takes."""
    slow = place + '/slow'
    shutil.copytree(template, slow)
    os.mkfifo(slow + '/web/zz.js')
    made = subprocess.Popen(['karezctl', 'plugin', 'new', 'x', '--template', slow], cwd=place,
                            env=environment, text=True, stderr=subprocess.PIPE)
    with open(slow + '/web/zz.js', 'w', encoding='utf-8') as pipe:  # it has been opened at its other end
        assert [one for one in os.listdir(place) if one.startswith('.x-')], os.listdir(place)
        made.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        pipe.write('\n')
    assert 'nothing was made' in made.communicate()[1]
    assert made.returncode == -signal.SIGTERM, made.returncode
    shutil.rmtree(slow)
    assert not [one for one in os.listdir(place) if 'x' in one], os.listdir(place)
    ok('what is interrupted leaves nothing')


def check_titles(environment, place):
    """Whatever people call it: the title is quoted as each of its files needs."""
    title = "A \"B\" 'C' \\ 100 % 超声 ئۇلترا & <d>"
    subprocess.run(['karezctl', 'plugin', 'new', 'x-2', '--title', title], cwd=place, env=environment,
                   check=True, stdout=subprocess.DEVNULL)
    folder = place + '/x-2'
    environment = dict(environment, CFLAGS='-O0 -g0')
    # Its catalogues are whole wherever it is built, and nothing is said that is not to be done.
    said = run('meson setup _build/debug && ninja -C _build/debug x-2-plugin.so && po/update --check', environment, folder)
    assert 'warning' not in said.lower(), said
    with open(folder + '/_build/debug/x-2-plugin.so', 'rb') as module:
        assert title.encode() in module.read()
    if shutil.which('node'):
        words = folder + '/web/x-2-panel.js'
        subprocess.run(['node', '--check', words], check=True)
    for path, _, names in os.walk(folder):
        for name in names:
            if '/_build' not in path and not name.endswith('.mo'):
                with open(os.path.join(path, name), encoding='utf-8') as file:
                    text = file.read()
                assert 'emplate' not in name + text.replace('karezctl plugin new', ''), os.path.join(path, name)
    shutil.rmtree(folder)
    # A title that another message of the template is, too.
    for title in ('Notes', 'Read', 'Shared note', 'Shared notes', 'A template of a Template'):
        subprocess.run(['karezctl', 'plugin', 'new', 'x-2', '--title', title], cwd=place, env=environment,
                       check=True, stdout=subprocess.DEVNULL)
        run('po/update --check && msgfmt --check -o /dev/null po/karez-x-2.pot', environment, folder)
        with open(folder + '/x-2.plugin', encoding='utf-8') as file:
            assert file.read().count(f'={title}\n') >= 3, title
        shutil.rmtree(folder)
    # An id that looks like the template's own names is as any other.
    forms = {'my-template': 'x-y', 'my_template': 'x_y', 'MY_TEMPLATE': 'X_Y', 'MyTemplate': 'XY', 'myTemplate': 'xY',
             'My template': 'X y'}
    for name in ('my-template', 'x-y'):
        subprocess.run(['karezctl', 'plugin', 'new', name], cwd=place, env=environment, check=True,
                       stdout=subprocess.DEVNULL)
    for path, _, names in os.walk(place + '/my-template'):
        for name in names:
            files = [os.path.join(path, name), os.path.join(path, name).replace('my-template', 'x-y')]
            texts = [open(one, encoding='utf-8').read() for one in files]
            for old, new in forms.items():
                texts[0] = texts[0].replace(old, new)
            assert texts[0] == texts[1], files
    for name in ('my-template', 'x-y'):
        shutil.rmtree(f'{place}/{name}')
    ok('any title, and nothing of it is named after the template')


def check_plugin(environment, place, said):
    home = environment['HOME']
    for line in ('Ok: +[4-9]', 'Skipped: +1', 'Fail: +0'):
        assert re.search(f'^{line} *$', said, re.M), said
    with open(f'{home}/{NAME}/build/meson-logs/testlog.txt', encoding='utf-8') as file:
        assert 'built without PostgreSQL' in file.read()
    installed = f'{home}/karez/lib/karez-1/plugins/{NAME}'
    assert sorted(os.listdir(installed)) == ['po', f'{NAME}-modality.so', f'{NAME}-plugin.so', f'{NAME}.plugin']
    for module, symbol in ((f'{NAME}-plugin', 'karez_plugin_abi'), (f'{NAME}-modality', 'karez_modality_abi')):
        shown = subprocess.check_output(['nm', '-D', '--defined-only', f'{installed}/{module}.so'], text=True)
        assert [line.split()[-1] for line in shown.splitlines()] == [symbol], shown
    carried = subprocess.check_output(['gresource', 'list', f'{installed}/{NAME}-plugin.so'], text=True)
    for name in ('api.json', f'sql/0001-{NAME}.sql', f'web/{NAME}-panel.js'):
        assert f'/org/karez/plugins/{NAME}/{name}' in carried.split(), carried
    assert os.access(f'{home}/{NAME}/po/update', os.X_OK)
    ok('the plugin passes its tests and is installed: two modules of one symbol each, and what they carry')


def main():
    steps = blocks()
    print('1..6')
    place = tempfile.mkdtemp(prefix='karez first-')  # a home is whatever somebody is called
    try:
        link_packages(place + '/pkgconfig')
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(('LD_LIBRARY', 'PKG_CONFIG', 'G_TEST', 'DESTDIR', 'MALLOC'))}
        environment.update(HOME=place, PKG_CONFIG_LIBDIR=place + '/pkgconfig', LC_ALL='C.UTF-8',
                           # As the document says but for the time that a compiler takes.
                           CFLAGS='-O0 -g0')
        run(steps['sdk'], environment, SOURCE)
        ok('what a plugin is built with is built without the hub, and without what only that needs')
        environment.update(PATH=f'{place}/karez/bin:{environment["PATH"]}',
                           PKG_CONFIG_PATH=f'{place}/karez/lib/pkgconfig')
        # What shells and Meson ask for is the path itself.
        for package, name, value in (('karez-1', 'plugindir', 'lib/karez-1/plugins'),
                                     ('karez-testing-1', 'with_database', 'libexec/karez/with-database')):
            said = run(f'pkg-config --variable={name} {package}', environment, place)
            assert said == f'{place}/karez/{value}\n', said
        # Found in the prefix, with no variable that says where.
        assert run('karezctl --version', environment, place).startswith('karezctl ')
        for name in ('plugin.md', 'desk.md'):
            assert os.path.exists(f'{place}/karez/share/doc/karez/{name}'), name
        ok('a program of the prefix finds its library')
        check_plugin(environment, place, run(steps['plugin'], environment, SOURCE))
        work = place + '/work'
        os.mkdir(work)
        template = place + '/karez/share/karez-1/template'
        # Another one of a name that is installed would be installed over it.
        refused(environment, work, 'plugin/installed', 'tele-ultrasound')
        check_refusals(environment, work, template)
        check_interrupted(environment, work, template)
        check_titles(environment, work)
    finally:
        shutil.rmtree(place)


main()
