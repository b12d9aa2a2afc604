#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A hub that lost its key, or whose key somebody else has: both hospitals end the pairing, and pair
again under the new one. Both show the same, and nothing goes on for ever.

test-key.py BUILD [TEST…]      KAREZ_TEST_DATABASE, KAREZ_TEST_DATABASE_2"""
import contextlib
import os
import sys
import time

import karezd
from karezd import Karezd, ask, confirm, hub_id, partner, sql, until


@contextlib.contextmanager
def paired():
    hub = Karezd()
    other = Karezd(Hub__Name='Other', Database__Connection=os.environ['KAREZ_TEST_DATABASE_2'])
    for one in (hub, other):
        one.settings['Peers', 'Advertise'] = f"127.0.0.1:{one.settings['Peers', 'Port']}"
    try:
        karezd.reset(other.settings['Database', 'Connection'])
        hub.start()
        other.start()
        hub.settings['Hub', 'Id'] = hub_id(hub)
        confirm(hub, other)
        both_up(hub, other)
        yield hub, other
    finally:
        hub.remove()
        other.remove()


def both_up(*hubs):
    for hub in hubs:
        until('the partner to be up', lambda: partner(hub) and partner(hub)['state'] == 'up')


def key_of(hub):
    """As the hub itself says it to whom it pairs with."""
    with open(os.path.join(hub.state, 'identity.pem'), encoding='utf-8') as file:
        return file.read()


def give_key(hub, pem=None):
    """Another identity under the same id: the one that is given, or a new one."""
    hub.stop()
    path = os.path.join(hub.state, 'identity.pem')
    os.remove(path)
    if pem is not None:
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), 'w', encoding='utf-8') as file:
            file.write(pem)
    hub.start()


def unpair(*hubs):
    for hub in hubs:
        told = hub.ctl('pair', 'unpair', partner(hub)['id'])
        assert told[0] == 0 and told[1].startswith('Unpaired: '), told


def states(hub):
    return ([(one['state'], one['id']) for one in ask(hub, 'GET', '/peers')['items']],
            sorted((one['id'], one['state']) for one in ask(hub, 'GET', '/pairings')['items']))


def test_new_pairing_by_either():
    """Whoever begins it; and back to the old key, once that is found again."""
    with paired() as (hub, other):
        old = key_of(hub)
        for number, (first, second) in enumerate(((hub, other), (other, hub), (hub, other))):
            unpair(hub, other)
            give_key(hub, old if number == 2 else None)
            confirm(first, second)
            both_up(hub, other)
            for one in (hub, other):
                assert len(ask(one, 'GET', '/peers')['items']) == 1, states(one)
        assert sql("select count(*) from karez.event where action = 'peer.pair'",
                   other.settings['Database', 'Connection']) == '4'


def test_administrators_are_told():
    with paired() as (hub, other):
        unpair(hub, other)
        give_key(hub)
        begun = ask(hub, 'POST', '/pairings',
                    {'address': f"127.0.0.1:{other.settings['Peers', 'Port']}"})
        found = until('the pairing', lambda: next(
            (one for one in ask(other, 'GET', '/pairings')['items'] if one['id'] == begun['id']), None))
        assert found['rekeyed'] and not begun['rekeyed'], (found, begun)
        status, said, _ = other.ctl('pair', 'list')
        assert status == 0 and 'another key' in said, said


def test_other_side_is_still_paired():
    """It is refused with what to do, ends at both, and neither says anything again and again."""
    with paired() as (hub, other):
        unpair(hub)
        give_key(hub)
        for first, second in ((hub, other), (other, hub)):
            address = f"127.0.0.1:{second.settings['Peers', 'Port']}"
            status, answer = first.ask('POST', '/pairings', {'address': address})
            assert status == 409 and answer['rule'] == 'peers/known-otherwise', answer
        until('both to have ended it', lambda: all(
            one['state'] in ('cancelled', 'paired') for each in (hub, other)
            for one in ask(each, 'GET', '/pairings')['items']))
        until('the reason', lambda: partner(other).get('trouble') == 'peers/other-key')
        status, said, _ = other.ctl('status')
        assert status == 0 and 'another key' in said and 'unpair' in said, said
        before = [len(one.said().splitlines()) for one in (hub, other)]
        time.sleep(8)
        after = [len(one.said().splitlines()) for one in (hub, other)]
        assert all(there - here <= 2 for here, there in zip(before, after)), other.said()[-2000:]
        unpair(other)
        confirm(hub, other)
        both_up(hub, other)


def test_unpaired_there_alone():
    """The pairing that only one of the two still has is said to be ended."""
    with paired() as (hub, other):
        unpair(other)
        until('the reason', lambda: partner(hub).get('trouble') == 'peers/not-paired')
        status, said, _ = hub.ctl('status')
        assert status == 0 and 'ended the pairing' in said, said
        confirm(hub, other)
        both_up(hub, other)
        assert partner(hub).get('trouble') is None


def refuse(hub, wanted):
    """The hub's database refuses whatever is to be paired."""
    database = hub.settings['Database', 'Connection']
    if wanted:
        sql("create function peers.no () returns trigger language plpgsql as $$ begin"
            " raise exception 'no' using errcode = 'XX001'; end $$;"
            " create trigger no before insert or update on peers.peer for each row"
            " execute function peers.no ()", database)
    else:
        sql('drop trigger no on peers.peer', database)
        sql('drop function peers.no', database)


def test_one_cannot_write_it_down():
    """Then the other has not paired either, whichever of the two it is."""
    for number in range(2):
        with paired() as (hub, other):
            unpair(hub, other)
            failing, fine = ((hub, other), (other, hub))[number]
            refuse(failing, True)
            confirm(hub, other)
            until('both to give it up', lambda: all(
                not partner(one) for one in (hub, other)) and all(
                    one['state'] == 'cancelled' for each in (hub, other)
                    for one in ask(each, 'GET', '/pairings')['items'][:1]), 15)
            said = failing.said().count('could not be written down')
            time.sleep(4)
            assert failing.said().count('could not be written down') == said == 1, failing.said()
            refuse(failing, False)
            confirm(hub, other)
            both_up(hub, other)
        karezd.reset()


if __name__ == '__main__':
    sys.exit(karezd.run([value for key, value in list(globals().items())
                         if key.startswith('test_')]))
