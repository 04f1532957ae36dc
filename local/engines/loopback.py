"""Make a new namespace more like a container's, and become the command.

Usage: namespace.py [--loopback] [--ownership] COMMAND ARGUMENT...

--loopback   `lo` is up, as in any container without a network.
--ownership  calls that give a file away succeed and do nothing, where the only user is root. The
             builds of Nix, mkosi and Charliecloud do the same, by such a seccomp filter.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys

_SIOCSIFFLAGS = 0x8914
_IFF_UP_AND_RUNNING = 0x1 | 0x40

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # of 32 bits, by constant
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
_ALLOW, _SUCCEED = 0x7FFF0000, 0x00050000  # SECCOMP_RET_ERRNO with 0 for the error

CHOWN = {
    "x86_64": (0xC000003E, (92, 93, 94, 260)),
    "aarch64": (0xC00000B7, (54, 55)),
}
"""Machine -> its AUDIT_ARCH and the numbers of chown, fchown, lchown and fchownat it has."""


def main() -> None:
    """Run the command line."""
    command = sys.argv[1:]
    while command[0].startswith("--"):
        {"--loopback": _set_loopback_up, "--ownership": _ignore_ownership}[command.pop(0)]()
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted


def _set_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", _IFF_UP_AND_RUNNING)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)


def _ignore_ownership() -> None:
    architecture, numbers = CHOWN[os.uname().machine]
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, _NUMBER),
        *((_JUMP_IF_EQUAL, len(numbers) - at, 0, each) for at, each in enumerate(numbers)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _SUCCEED),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_SECCOMP, _MODE_FILTER, program)


def _prctl(option: int, *arguments: int | bytes) -> None:
    whole = [*arguments, *(0,) * (4 - len(arguments))]
    values = [ctypes.c_ulong(each) if isinstance(each, int) else each for each in whole]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, *values):
        sys.exit(f"prctl {option}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main()
