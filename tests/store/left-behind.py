#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ends, and leaves a process and its child that traces it, as a sanitizer's check at exit does:
with-database ends all the same."""
import ctypes, os, sys, time

PTRACE_ATTACH = 16

libc = ctypes.CDLL(None, use_errno=True)
reader, writer = os.pipe()
if os.fork() == 0:
    traced = os.getpid()
    libc.prctl(0x59616d61, -1, 0, 0, 0)  # PR_SET_PTRACER, any
    if os.fork() == 0:
        attached = libc.ptrace(PTRACE_ATTACH, traced, None, None) == 0
        os.write(writer, b'1' if attached else b'0')
    time.sleep(600)
    sys.exit()
print('1..1')
print('ok 1 - left-behind' if os.read(reader, 1) == b'1' else 'ok 1 - left-behind # SKIP no ptrace')
