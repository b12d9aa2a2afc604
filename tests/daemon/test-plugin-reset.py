# SPDX-License-Identifier: LGPL-2.1-or-later
"""A first migration that its author changed: what the hub says of it, and how its schema goes."""
import os
import shutil
import subprocess
import sys

import karezd
from karezd import Karezd, owned, sql

SQL = os.path.join(os.path.dirname(os.path.realpath(__file__)), '../../plugins/template/sql')
NOTE = ("set session_replication_role = replica; insert into template.note (session, text, revision,"
        " kept_by) values (gen_random_uuid (), 'kept', 1, 'somebody')")
BEHIND = "select count (*) from karez.table_rule where table_schema = 'template'"
THERE = "select count (*) from pg_namespace where nspname = 'template'"


def change(hub):
    """The plugin as its author has it now: its own folder of .sql files, over those of its module."""
    folder = os.path.join(hub.folder, 'sql')
    shutil.copytree(SQL, folder)
    with open(folder + '/0001-template.sql', 'a', encoding='utf-8') as file:
        file.write("alter table template.note add column extra text not null default '';\n"
                   "create table template.seen (id uuid primary key, session uuid not null);\n"
                   "insert into karez.table_rule values ('template', 'seen', 'part', 'note', 'session',"
                   " 'a note is seen');\n")
    return {'G_RESOURCE_OVERLAYS': f'/org/karez/plugins/template/sql={folder}'}


def refuses(hub, word, status, *arguments):
    code, out, err = hub.ctl('plugin', 'reset', *arguments)
    assert code == status and word in err and not out, (arguments, code, out, err)


def test_changed_migration():
    """Refused and said, reset, made anew; and nothing of anybody else's is gone."""
    hub = Karezd(Hub__Development='yes')
    try:
        changed = change(hub)
        hub.start()
        assert hub.plugin('template')['state'] == 'enabled'
        hub.stop()
        sql(NOTE)
        hub.start(**changed)
        plugin = hub.plugin('template')
        assert plugin['state'] == 'refused' and '0001-template' in plugin['reason'], plugin
        assert 'karezctl plugin reset' in hub.said(), hub.said()
        # A hub that runs keeps it.
        refuses(hub, 'database/in-use', 1, 'template', '--yes')
        hub.stop()
        before = sql("select count (*) from karez.event")
        refuses(hub, 'nothing was done', 1, 'template')
        refuses(hub, '1 tables with 1 rows', 1, 'template')
        refuses(hub, 'plugin/unknown', 1, 'agenda', '--yes')
        refuses(hub, 'plugin/unknown', 1, "x'; drop schema karez", '--yes')
        assert sql('select count (*) from template.note') == '1'

        code, out, err = hub.ctl('plugin', 'reset', 'template', '--yes')
        assert code == 0 and 'gone' in out and 'template' in err, (code, out, err)
        assert sql(THERE) == '0' and sql(BEHIND) == '0'
        assert sql("select actor_name || ' ' || (details->>'rows') from karez.event"
                   " where action = 'plugin.reset'") == 'karezctl (root) 1'
        assert int(sql("select count (*) from karez.event")) == int(before) + 1
        refuses(hub, 'plugin/no-schema', 1, 'template', '--yes')

        hub.start(**changed)
        assert hub.plugin('template')['state'] == 'enabled', hub.plugin('template')
        assert sql('select count (extra) from template.note') == '0' and sql(BEHIND) == '1'
        hub.stop()
        assert hub.ctl('plugin', 'reset', 'template', '--yes')[0] == 0
        assert sql(BEHIND) == '0' and sql("select count (*) from karez.migration where schema = 'template'") == '0'
    finally:
        hub.remove()


def test_hospital():
    """A hub that does not say that it is for development keeps everything, whoever asks."""
    hub = Karezd()
    try:
        hub.start()
        hub.stop()
        sql(NOTE)
        for value in (None, 'no'):
            if value:
                hub.settings['Hub', 'Development'] = value
            hub.write()
            refuses(hub, 'plugin/not-development', 4, 'template', '--yes')
        assert sql('select count (*) from template.note') == '1'
    finally:
        hub.remove()


def test_owner():
    """A database of an ordinary role: it may drop what it made for a plugin."""
    with owned('createrole') as (name, hub):
        hub.settings['Hub', 'Development'] = 'yes'
        hub.start()
        hub.stop()
        code, out, err = hub.ctl('--json', 'plugin', 'reset', 'template', '--yes')
        assert code == 0 and '"tables"' in out, (code, out, err)
        assert sql(THERE, karezd.superuser(name)) == '0'
        hub.start()
        assert hub.plugin('template')['state'] == 'enabled'


def test_schema_of_another():
    """A key file that names a schema which no plugin made takes nothing."""
    hub = Karezd(Hub__Development='yes')
    try:
        hub.start()
        hub.stop()
        folder = os.path.join(hub.folder, 'plugins')
        shutil.copytree(os.path.join(karezd.BUILD, 'plugins/template'), folder,
                        ignore=lambda _, names: [name for name in names if not name.endswith(('.plugin', '.so'))])
        path = os.path.join(folder, 'template.plugin')
        with open(path, encoding='utf-8') as file:
            text = file.read()
        sql('create schema archive; create table archive.paper (id uuid primary key)')
        for schema in ('archive', 'information_schema'):
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text.replace('Schema=template', f'Schema={schema}'))
            hub.settings['Plugins', 'Path'] = folder
            hub.write()
            refuses(hub, 'plugin/no-schema', 1, 'template', '--yes')
        assert sql('select count (*) from archive.paper') == '0'
        for schema in ('karez', 'engine', 'pg_catalog'):
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text.replace('Schema=template', f'Schema={schema}'))
            refuses(hub, 'plugin/value', 1, 'template', '--yes')
    finally:
        hub.remove()


def test_schema_of_both():
    """A key file that names another plugin's schema takes nothing that the other one has kept."""
    hub = Karezd(Hub__Development='yes')
    try:
        hub.start()
        hub.stop()
        sql(NOTE)
        source, folder = (os.path.join(one, 'plugins') for one in (karezd.BUILD, hub.folder))
        for name in ('template', 'thief'):
            os.makedirs(os.path.join(folder, name))
            for module in ('plugin', 'modality'):
                shutil.copy(f'{source}/template/template-{module}.so', f'{folder}/{name}/{name}-{module}.so')
            with open(f'{source}/template/template.plugin', encoding='utf-8') as file:
                text = file.read().replace('template', name).replace(f'Schema={name}', 'Schema=template')
            with open(f'{folder}/{name}/{name}.plugin', 'w', encoding='utf-8') as file:
                file.write(text)
        hub.settings['Plugins', 'Path'] = folder
        hub.write()
        refuses(hub, 'plugin/schema', 4, 'thief', '--yes')
        assert sql('select count (*) from template.note') == '1'
        shutil.rmtree(os.path.join(folder, 'thief'))
        # Somebody who is about to go is waited for.
        leaves = subprocess.Popen(['psql', '-XqAt', '-d', os.environ['KAREZ_TEST_DATABASE'], '-c', 'select pg_sleep (0.6)'],
                                  stdout=subprocess.DEVNULL)
        karezd.until('somebody to be connected', lambda: sql(
            "select count (*) from pg_stat_activity where query like '%pg_sleep (0.6)%' and pid <> pg_backend_pid ()") == '1')
        code, out, err = hub.ctl('plugin', 'reset', 'template', '--yes')
        assert code == 0, (out, err)
        leaves.wait()
        assert sql(THERE) == '0'
    finally:
        hub.remove()


if __name__ == '__main__':
    sys.exit(karezd.run([value for key, value in list(globals().items())
                         if key.startswith('test_')]))
