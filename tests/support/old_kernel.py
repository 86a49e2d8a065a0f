#!/usr/bin/env python3
"""Runs a program as on Linux 4.18: newer system calls fail with ENOSYS.

usage: tests/support/old_kernel.py PROGRAM [ARGUMENT...]

A seccomp filter hides the newer system calls; the others behave as in the current kernel. Exits with 125, for
"skipped", if filters cannot be installed.
"""
import ctypes
import os
import platform
import struct
import sys

# Calls added since Linux 5.0 have this number or a higher one on every architecture; those of 4.18 are below.
FIRST_NEW_CALL = 424
ENOSYS = 38
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ERRNO = 0x00050000
SECCOMP_RET_ALLOW = 0x7FFF0000
BPF_LD_W_ABS, BPF_JEQ_K, BPF_JGE_K, BPF_RET_K = 0x20, 0x15, 0x35, 0x06


class Program(ctypes.Structure):
    _fields_ = [("size", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def install_filter():
    """Filters this process and all processes that it starts, unless they are of another architecture."""
    statements = [
        (BPF_LD_W_ABS, 0, 0, 4),  # the architecture
        (BPF_JEQ_K, 0, 3, AUDIT_ARCH[platform.machine()]),
        (BPF_LD_W_ABS, 0, 0, 0),  # the number of the call
        (BPF_JGE_K, 0, 1, FIRST_NEW_CALL),
        (BPF_RET_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS),
        (BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW),
    ]
    code = b"".join(struct.pack("=HBBI", *statement) for statement in statements)
    program = Program(len(statements), code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or \
            libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    try:
        install_filter()
    except (OSError, KeyError) as error:
        print(f"skipped: system calls cannot be filtered: {error!r}", file=sys.stderr)
        sys.exit(125)
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
