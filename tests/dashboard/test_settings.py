"""Settings: read once, wrong values named in one sentence, this computer alone until accounts exist."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from dashboard.settings import LOOPBACK, Settings, SettingsError, database_url
from data_models.definitions.rules import DEFAULT_RULES


def test_without_an_environment_the_dashboard_serves_this_computer_from_the_data_folder() -> None:
    settings = Settings.from_environment({})
    assert (settings.host, settings.port, settings.rules) == ("127.0.0.1", 8050, None)
    assert settings.workers >= 1
    assert settings.database.endswith("ketamine-outcomes/outcomes.db")
    assert settings.address == "http://127.0.0.1:8050/"


def test_the_environment_sets_what_the_command_line_does_not(tmp_path: Path) -> None:
    environ = {
        "KETAMINE_OUTCOMES_DATABASE": str(tmp_path / "a.db"),
        "KETAMINE_OUTCOMES_PORT": "8060",
        "KETAMINE_OUTCOMES_WORKERS": "3",
        "KETAMINE_OUTCOMES_RULES": "loss_rule=half_lost,sustained_days=14",
    }
    settings = Settings.from_environment(environ, port=9000, workers=None)
    assert settings.port == 9000
    assert settings.workers == 3
    assert settings.database == f"sqlite:///{(tmp_path / 'a.db').as_posix()}"
    assert settings.rules == dataclasses.replace(DEFAULT_RULES, loss_rule="half_lost", sustained_days=14.0)


@pytest.mark.parametrize(
    "name, value, part",
    [
        ("PORT", "http", "port is 'http'; it must be a whole number from 1 to 65535"),
        ("PORT", "0", "port"),
        ("PORT", "65536", "port"),
        ("WORKERS", "-1", "workers"),
        ("WORKERS", "1.5", "workers"),
        ("RULES", "loss_rule=never", "loss_rule"),
        ("RULES", "no_such=1", "no_such"),
        ("RULES", "sustained_days", "NAME=VALUE"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line_that_names_it(name: str, value: str, part: str) -> None:
    with pytest.raises(SettingsError, match=r"^[^\n]+$") as refused:
        Settings.from_environment({f"KETAMINE_OUTCOMES_{name}": value})
    assert part in str(refused.value)


@pytest.mark.parametrize("host", LOOPBACK)
def test_each_name_of_this_computer_is_allowed(host: str) -> None:
    assert Settings(database="sqlite:///x.db", host=host).host == host


def test_settings_cannot_be_changed_once_made() -> None:
    settings = Settings(database="sqlite:///x.db")
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.port = 1  # type: ignore[misc]


@pytest.mark.parametrize("url", ["sqlite:////data/x.db", "postgresql+psycopg://clinic@db/outcomes"])
def test_a_url_stays_as_it_is(url: str) -> None:
    assert database_url(url) == url


def test_a_plain_path_is_a_sqlite_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert database_url("clinic.db") == f"sqlite:///{(tmp_path / 'clinic.db').as_posix()}"


def test_a_path_that_cannot_hold_a_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is a folder"):
        database_url(tmp_path)
    with pytest.raises(SettingsError, match="no such folder"):
        database_url(tmp_path / "missing" / "x.db")
