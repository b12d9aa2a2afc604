#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A database of an ordinary role, as a hospital's own PostgreSQL gives it: what the role may not do
is said before anything is made, with the statements that mend it.

test-owner.py BUILD [TEST…]      KAREZ_TEST_DATABASE: a superuser's, in the same cluster"""
import re
import sys

import karezd
from karezd import owned, sql, superuser

PLUGINS = ['karez_plugin_template', 'karez_plugin_template_owner']


def schemas(name):
    return sql("select string_agg (nspname, ' ') from pg_namespace where nspname !~ '^(pg_|info)'",
               superuser(name))


def refused(hub, name):
    """The statements that it names; nothing was made."""
    before = schemas(name)
    hub.spawn()
    status = hub.ends()
    said = hub.said()
    assert status == 1 and 'cannot start' in said and 'CRITICAL' not in said, said
    assert schemas(name) == before, schemas(name)
    found = re.findall(r'DO \$\$.*?\$\$;|(?:CREATE|GRANT|ALTER) [^;]+;', said)
    assert found and len(found) == len(set(found)), said
    return found


def run_all(statements, name):
    """As they stand, but for a role that another test of the cluster has made since."""
    for statement in statements:
        if statement.startswith('CREATE ROLE'):
            statement = f"do $$ begin {statement} exception when duplicate_object then null; end $$"
        sql(statement, superuser(name))


def may_not_create_roles(name):
    return sql(f"select rolsuper or rolcreaterole from pg_roles where rolname = '{name}'") == 'f'


def test_statements_are_enough():
    with owned() as (name, hub):
        statements = refused(hub, name)
        assert any(line.startswith('GRANT karez_plugin_template TO') for line in statements)
        run_all(statements, name)
        hub.start()
        assert may_not_create_roles(name)
        assert hub.plugin('template')['state'] == 'enabled', hub.plugin('template')
        assert sql('set role karez_plugin_template; select count(*) from template.note',
                   hub.settings['Database', 'Connection']) == '0'
        assert hub.stop() == 0
        hub.start()
        assert hub.plugin('template')['state'] == 'enabled', hub.plugin('template')


def test_who_makes_roles_needs_nothing():
    with owned('createrole') as (name, hub):
        hub.start()
        assert hub.plugin('template')['state'] == 'enabled', hub.plugin('template')


def test_who_does_not_inherit():
    with owned('noinherit') as (name, hub):
        for role in PLUGINS:
            if not sql(f"select from pg_roles where rolname = '{role}'"):
                sql(f'do $$ begin create role {role} nologin; exception when duplicate_object'
                    ' then null; end $$')
            sql(f'grant {role} to {name}')
        statements = refused(hub, name)
        assert f'ALTER ROLE {name} INHERIT;' in statements, statements
        run_all(statements, name)
        hub.start()
        assert hub.plugin('template')['state'] == 'enabled', hub.plugin('template')


def test_guest_of_a_database():
    """It may connect, and make nothing there."""
    with owned(owns=False) as (name, hub):
        run_all(refused(hub, name), name)
        hub.start()
        assert hub.plugin('template')['state'] == 'enabled', hub.plugin('template')


def test_dump_that_somebody_else_restored():
    """All of it belongs to the superuser then."""
    with owned('createrole') as (name, hub):
        hub.start().stop()
        sql(f'reassign owned by {name} to hub', superuser(name))
        sql(f'alter database {name} owner to {name}')
        statements = refused(hub, name)
        assert f'ALTER SCHEMA agenda OWNER TO {name};' in statements, statements
        run_all(statements, name)
        hub.start()
        assert hub.plugin('template')['state'] == 'enabled', hub.plugin('template')


def test_karezctl_says_the_same():
    with owned() as (name, hub):
        hub.write()
        sql(f'alter database {name} owner to hub')
        status, _, said = hub.ctl('migrate')
        assert status == 1 and f'GRANT CREATE ON DATABASE {name} TO {name};' in said, said
        assert schemas(name) == 'public', schemas(name)


def test_right_taken_from_a_hub_that_ran():
    """The hub goes on without the plugin, and says which statements bring it back."""
    with owned('createrole') as (name, hub):
        hub.start().stop()
        sql(f'alter role {name} nocreaterole')
        for role in PLUGINS:
            sql(f'revoke {role} from {name}')
        hub.start()
        found = hub.plugin('template')
        assert found['state'] == 'refused', found
        assert f'GRANT karez_plugin_template TO {name};' in found['reason'], found
        hub.stop()


if __name__ == '__main__':
    sys.exit(karezd.run([value for key, value in list(globals().items())
                         if key.startswith('test_')]))
