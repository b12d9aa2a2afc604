#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pairs two hubs of one machine over their local sockets, as two administrators would by telephone.

pair.py ASKING.sock ASKED.sock ADDRESS-OF-THE-ASKED
"""
import http.client
import json
import socket
import sys
import time
import uuid

DEADLINE = time.monotonic() + 30


class Local(http.client.HTTPConnection):
    """A hub's API on its local socket; the socket's owner is an administrator there."""

    def __init__(self, path):
        super().__init__('localhost', timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def call(path, method, target, body=None):
    connection = Local(path)
    headers = {'Idempotency-Key': str(uuid.uuid4())}
    if body is not None:
        headers['Content-Type'] = 'application/json'
        body = json.dumps(body)
    connection.request(method, '/api/v1' + target, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    if answer.status >= 300:
        sys.exit(f'{method} {target}: {answer.status}: {text}')
    return json.loads(text) if text else None


def until(what, probe):
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > DEADLINE:
            sys.exit(f'waited 30 s for {what}')
        time.sleep(0.1)


def live(path):
    return [peer for peer in call(path, 'GET', '/peers')['items'] if peer['state'] != 'revoked']


def main():
    asking, asked, address = sys.argv[1:]
    if live(asking) and live(asked):
        print('paired already')
        return
    begun = call(asking, 'POST', '/pairings', {'address': address})

    def shown(path, wanted=None):
        return next((item for item in call(path, 'GET', '/pairings')['items']
                     if item.get('shown') and wanted in (None, item['id'])), None)
    theirs = until('the request at the other hub', lambda: shown(asked))
    ours = until('the string to read out', lambda: shown(asking, begun['id']))
    # Each administrator types what the other reads out.
    call(asking, 'POST', f'/pairings/{ours["id"]}/confirm', {'string': theirs['shown']})
    call(asked, 'POST', f'/pairings/{theirs["id"]}/confirm', {'string': ours['shown']})
    until('both hubs to be up',
          lambda: all(any(peer['state'] == 'up' for peer in live(path))
                      for path in (asking, asked)))
    print('paired')


if __name__ == '__main__':
    main()
