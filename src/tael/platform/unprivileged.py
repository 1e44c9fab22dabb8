"""Run a program without being root: a script of its own, started before PostgreSQL's binaries.

PostgreSQL refuses uid 0. As root we enter a private user namespace in which our uid is called 1000:
no extra user, no chmod of parent folders, files stay root's outside. Where namespaces are
forbidden (some containers) we hand the folders to an unprivileged uid and become it.

Called as ``python -I -S unprivileged.py WAY[,WAY] FOLDER[:FOLDER] PROGRAM ARGUMENT...``; a script
and not a ``preexec_fn``, for code between fork and exec may deadlock in a process with threads.
"""

import contextlib
import ctypes
import os
import pwd
import sys
from collections.abc import Callable
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_INSIDE_ID = 1000
_NOBODY = 65534
_CANNOT = 126


def enter_namespace(folders: list[Path]) -> bool:
    """Become uid 1000 inside a new user namespace; False where the kernel forbids it."""
    outside_uid, outside_gid = os.getuid(), os.getgid()
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER) != 0:
        return False
    try:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{_INSIDE_ID} {outside_uid} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{_INSIDE_ID} {outside_gid} 1", encoding="ascii")
    except OSError:
        return False
    # A folder that an earlier start gave to another uid is out of reach in here.
    return os.geteuid() == _INSIDE_ID and all(f.stat().st_uid == _INSIDE_ID for f in folders)


def become_nobody(folders: list[Path]) -> bool:
    """Give ``folders`` to an unprivileged uid (postgres if there is one) and become it."""
    uid, gid = _NOBODY, _NOBODY
    with contextlib.suppress(KeyError):
        account = pwd.getpwnam("postgres")
        uid, gid = account.pw_uid, account.pw_gid
    try:
        for folder in folders:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, uid, gid, follow_symlinks=False)
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    except OSError:
        return False
    return os.geteuid() != 0


WAYS: dict[str, Callable[[list[Path]], bool]] = {
    "namespace": enter_namespace,
    "setuid": become_nobody,
}


def main(arguments: list[str]) -> int:
    ways, folders, program, *rest = arguments
    for way in ways.split(","):
        if not WAYS[way]([Path(folder) for folder in folders.split(os.pathsep)]):
            continue
        try:
            os.execv(program, [program, *rest])  # noqa: S606 - no shell is the point
        except OSError as error:
            sys.stderr.write(f"{program} cannot be run as uid {os.geteuid()}: {error}\n")
            return _CANNOT
    sys.stderr.write("neither a user namespace nor another uid could be had\n")
    return _CANNOT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
