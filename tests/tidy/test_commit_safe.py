"""What is committed names no registry host, no machine's path and no secret."""

from __future__ import annotations

import re

# Hosts that texts may name: name spaces, licences, the machine itself, and names made for examples.
HOSTS = re.compile(
    r"^(?:127\.0\.0\.1|localhost|\[|testserver|[\w.-]*\.(?:invalid|example|test|localhost)"
    r"|example\.(?:com|org)"
    r"|www\.w3\.org|www\.omg\.org|(?:www\.)?apache\.org|www\.apache\.org|json-schema\.org|spdx\.org"
    r"|www\.dmg\.org|keepachangelog\.com|semver\.org|htmx\.org|docs\.astral\.sh|squidfunk\.github\.io)$"
)
# npm copies the packages' own "funding" links into its lock; it holds no address to install from.
LOCK = "frontend/package-lock.json"
URL = re.compile(r"\b(?:https?|wss?|ftp)://([\w.\[-]+)")
REGISTRY = re.compile(
    r"\b(?:(?:registry|mirrors?|files|deb|index|proxy)\.[a-z0-9-]+\.(?:org|com|io|net|cn)"
    r"|(?:pypi|npmjs|npmmirror|pythonhosted|crates)\.(?:org|com|io|net))\b"
)
PATH = re.compile(r"(?<![\w.~:/}\-])/(?:home|root|Users|work|workspace|mnt|private)/[\w.-]+")
SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bsk-[A-Za-z0-9]{20,}"
)
REASONS = (
    (REGISTRY, "the address of a package registry; name the package, not where it comes from"),
    (PATH, "a path of one machine; make it relative, a setting or a temporary folder"),
    (SECRET, "a secret; read it from the environment or a key file, and revoke this one"),
)


def offences(source) -> list[str]:
    found = []
    for number, line in enumerate(source.lines, 1):
        reasons = [reason for pattern, reason in REASONS if pattern.search(line)]
        reasons += [
            f"the host {host!r}; leave the address out, or add the host to the list of this test"
            for host in URL.findall("" if source.path == LOCK else line)
            if not HOSTS.match(host.rstrip("."))
        ]
        found += [f"{source.path}:{number}: {reason}" for reason in reasons]
    return found


def test_hosts_paths_and_secrets_are_refused(snippet) -> None:
    slash = "/"
    for text in (
        "https:" + "//packages.acme-corp.com/simple",
        "registry" + ".acme.org",
        f"open('{slash}home/wang/tael')",
        "-----BEGIN " + "PRIVATE KEY-----",
    ):
        assert offences(snippet(text)), text


def test_examples_and_the_machine_itself_are_let_through(snippet) -> None:
    text = (
        "http://127.0.0.1:8765/ http://www.w3.org/2000/svg https://bank.example/api /applications/1"
    )
    assert not offences(snippet(text))


def test_no_committed_text_names_a_host_a_path_or_a_secret(texts) -> None:
    found = [line for source in texts for line in offences(source)]
    assert not found, "\n".join(found)


def test_no_lock_file_with_addresses_is_committed(tracked, root) -> None:
    names = {path.relative_to(root).as_posix() for path in tracked}
    assert not names & {"uv.lock", "pylock.toml", "poetry.lock"}
    resolved = [name for name in names if name.endswith("package-lock.json")]
    for name in resolved:
        assert '"resolved"' not in (root / name).read_text("utf-8"), (
            f"{name}: make it with npm install --omit-lockfile-registry-resolved"
        )
