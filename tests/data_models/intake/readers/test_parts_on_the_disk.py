"""What records read in parts keep meanwhile: whose it is, that it goes away, and that memory does not grow."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from data_models.intake.contract import RecordsRefused
from data_models.intake.readers.patient_blocks import read_parts
from tests.data_models.intake.readers.agreement import of_many, sizes

# --- the folder for what is kept meanwhile --------------------------------------------------------


def of_a_hundred(records: Path) -> Path:
    """A folder of a hundred patients with a session."""
    of_many(records, "patients", "patient_code", [f"P{n}" for n in range(100)])
    return of_many(records, "sessions", "patient_code,day", [f"P{n},0" for n in range(100)])


def test_it_is_its_owners_alone_and_taken_away(records: Path, scratch: Path) -> None:
    with sizes(200, 200), read_parts(of_a_hundred(records), scratch):
        (folder,) = scratch.iterdir()
        kept = list(folder.iterdir())
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in kept} == {0o600}
        assert len(kept) > 2
    assert not list(scratch.iterdir())


def test_it_is_taken_away_after_an_error_of_whoever_reads(records: Path, scratch: Path) -> None:
    with sizes(200, 200), pytest.raises(RuntimeError, match="mine"), read_parts(of_a_hundred(records), scratch):
        raise RuntimeError("mine")
    assert not list(scratch.iterdir())


def test_it_is_taken_away_after_an_error_in_the_midst(
    records: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("data_models.intake.readers.spill.Spill.flush", full)
    with sizes(200, 200), pytest.raises(OSError, match="No space"), read_parts(of_a_hundred(records), scratch):
        pass
    assert not list(scratch.iterdir())


def test_nothing_that_was_refused_is_written(records: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    monkeypatch.setattr(
        "data_models.intake.readers.patient_blocks.shutil.rmtree",
        lambda folder, **_: written.extend(file.read_bytes() for file in folder.iterdir()),
    )
    monkeypatch.setattr("data_models.intake.readers.spill._OPTIONS", pa.ipc.IpcWriteOptions())
    of_many(records, "patients", "patient_code,clinic,sex,age", ["P1,North,female,40", "John,2024-02-03,JANE_ROE,1999"])
    of_many(records, "sessions", "patient_code,day,drug", ["P1,0,ketamine", "JANE_ROE,45325,1980-02-03"])
    with sizes(10**6, 50), pytest.raises(RecordsRefused), read_parts(records, scratch):
        pass
    content = b"".join(written)
    assert all(good in content for good in (b"P1", b"North", b"female", b"ketamine"))
    for refused in (b"John", b"2024", b"JANE_ROE", b"1980"):
        assert refused not in content


def test_progress_is_told_and_ends_at_one(records: Path, scratch: Path) -> None:
    told: list[tuple[str, float]] = []
    with sizes(100, 200), read_parts(of_a_hundred(records), scratch, lambda *what: told.append(what)):
        assert [done for _, done in told] == sorted(done for _, done in told)
        assert told[-1] == ("checked", 1.0)
        assert len({done for what, done in told if what == "checking sessions.csv"}) > 3


def test_a_small_file_is_one_part_and_needs_no_disk(records: Path, tmp_path: Path) -> None:
    with read_parts(of_a_hundred(records), tmp_path / "nowhere") as found:
        assert [len(part.patients) for part in found] == [100]


# --- memory --------------------------------------------------------------------------------------

PEAK = """
import sys
from pathlib import Path
import pandas, pyarrow.csv, pyarrow.compute
from data_models.intake.readers import patient_blocks, read_records, spill

def peak():
    status = Path("/proc/self/status")
    if not status.exists():
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # of macOS, in bytes
    # Not so on Linux: a process begins with the peak of the one that started it.
    lines = status.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

patient_blocks.BLOCK_BYTES, patient_blocks.PART_BYTES, spill._WAITING = 2**20, 2 * 10**6, 4 * 2**20
before = peak()
if sys.argv[1] == "whole":
    rows = len(read_records(Path(sys.argv[2])).assessments)
else:
    with patient_blocks.read_parts(Path(sys.argv[2]), Path(sys.argv[3])) as found:
        rows = sum(len(part.assessments) for part in found)
print(rows, peak() - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_memory_does_not_grow_with_the_records(tmp_path: Path, scratch: Path, form: str) -> None:
    def taken(how: str, patients: int) -> float:
        folder = tmp_path / f"{patients}"
        if not folder.exists():
            folder.mkdir()
            codes = [f"P{n}" for n in range(patients)]
            days = list(range(20)) * patients
            scores = {"patient_code": [code for code in codes for _ in range(20)], "day": days}
            scores |= {"instrument": ["phq9"] * len(days), "score": [day + 3 for day in days]}
            for name, columns in {"patients": {"patient_code": codes}, "assessments": scores}.items():
                if form == "csv":
                    pyarrow.csv.write_csv(pa.table(columns), folder / f"{name}.csv")
                else:  # all rows in one group
                    pq.write_table(pa.table(columns), folder / f"{name}.parquet", row_group_size=10**8)
        command = [sys.executable, "-c", PEAK, how, str(folder), str(scratch)]
        rows, megabytes = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        assert int(rows) == 20 * patients
        return float(megabytes)

    few, many = 25_000, 100_000  # half a million scores and two million
    assert taken("parts", many) < taken("parts", few) + 40
    if form == "csv":
        assert taken("whole", many) > taken("whole", few) + 100  # what it would be
