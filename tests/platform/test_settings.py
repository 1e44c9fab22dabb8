"""Settings: what the environment says, and what it may not say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tael.kernel import BadInput
from tael.platform import Settings

_BANK = "partner_01jd8c4q8kf3v7s2m5x9w0y1za"
_OTHER = "partner_01jd8c4q8kf3v7s2m5x9w0y1zb"
_KEY = "0a" * 32
_WITH_PASSWORD = "http" + "://user:word@bank.example"
_REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    settings = Settings.from_env({})
    assert settings.data_dir == Path(".tael")
    assert settings.database_url is None
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 8765)
    assert str(settings.zone) == "Asia/Shanghai"


def test_each_variable_reaches_its_field() -> None:
    settings = Settings.from_env(
        {
            "TAEL_HOME": "/srv/tael",
            "TAEL_DATABASE_URL": "postgresql://tael@db/tael",
            "TAEL_HTTP_PORT": " 9000 ",
            "TAEL_TIMEZONE": "Europe/Berlin",
            "TAEL_LOG_FORMAT": "json",
            "TAEL_BANKS": f"{_BANK}=http://127.0.0.1:9001, {_OTHER}=https://bank.example/tael",
            "TAEL_SOURCES": f"bureau=https://bureau.example#{_KEY}, *=http://127.0.0.1:9100#{_KEY}",
            "PATH": "/bin",
        }
    )
    assert settings.data_dir == Path("/srv/tael")
    assert settings.database_url == "postgresql://tael@db/tael"
    assert settings.http_port == 9000
    assert str(settings.zone) == "Europe/Berlin"
    assert settings.log_format == "json"
    assert dict(settings.banks) == {
        _BANK: "http://127.0.0.1:9001",
        _OTHER: "https://bank.example/tael",
    }
    assert dict(settings.sources) == {
        "bureau": f"https://bureau.example#{_KEY}",
        "*": f"http://127.0.0.1:9100#{_KEY}",
    }


def test_an_empty_variable_counts_as_absent() -> None:
    assert Settings.from_env({"TAEL_DATABASE_URL": "", "TAEL_HTTP_PORT": " "}) == Settings()


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("TAEL_HTTP_PORT", "eighty"),
        ("TAEL_HTTP_PORT", "70000"),
        ("TAEL_HTTP_PORT", "-1"),
        ("TAEL_TIMEZONE", "Mars/Olympus"),
        ("TAEL_TIMEZONE", "../etc/passwd"),
        ("TAEL_DATABASE_URL", "sqlite:///tael.db"),
        ("TAEL_LOG_LEVEL", "loud"),
        ("TAEL_LOG_FORMAT", "xml"),
        ("TAEL_SOURCES", "http://127.0.0.1:9100"),
        ("TAEL_SOURCES", "bureau=http://127.0.0.1:9100"),
        ("TAEL_SOURCES", f"bureau=http://127.0.0.1:9100#{_KEY[1:]}"),
        ("TAEL_SOURCES", f"bureau={_WITH_PASSWORD}#{_KEY}"),
        ("TAEL_SOURCES", f"Bureau=http://a.example#{_KEY}"),
        ("TAEL_SOURCES", f"tax=http://a.example#{_KEY},tax=http://b.example#{_KEY}"),
        ("TAEL_BANKS", "http://127.0.0.1:9001"),
        ("TAEL_BANKS", "loan_01jd8c4q8kf3v7s2m5x9w0y1za=http://127.0.0.1:9001"),
        ("TAEL_BANKS", _WITH_PASSWORD),
        ("TAEL_BANKS", f"{_BANK}"),
        ("TAEL_BANKS", f"{_BANK}=127.0.0.1:9001"),
        ("TAEL_BANKS", f"{_BANK}=ftp://bank.example"),
        ("TAEL_BANKS", f"{_BANK}=http://"),
        ("TAEL_BANKS", f"{_BANK}=http://bank.example:port"),
        ("TAEL_BANKS", f"{_BANK}={_WITH_PASSWORD}"),
        ("TAEL_BANKS", f"{_BANK}=http://one.example,{_BANK}=http://two.example"),
        ("TAEL_BANKS", f"{_BANK}=http://one.example,"),
    ],
)
def test_a_value_that_cannot_be_names_its_variable_and_the_rule(variable: str, text: str) -> None:
    with pytest.raises(BadInput) as refused:
        Settings.from_env({variable: text})
    assert refused.value.field == variable
    assert refused.value.rule
    assert "user:word" not in str(refused.value)


def test_every_setting_is_in_the_reference() -> None:
    text = _REFERENCE.read_text(encoding="utf-8")
    missing = [variable for variable in Settings.variables() if f"`{variable}`" not in text]
    assert not missing
