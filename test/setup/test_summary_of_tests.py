import json
from pathlib import Path

import pytest
import test_summary


class Results:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.shared = folder / "shared"
        self._capsys = capsys

    def run(self, kind: str, name: str, status: int = 0) -> None:
        with (self.folder / "runs.tsv").open("a") as file:
            file.write(f"{kind}\t{name}\t{status}\n")

    def jest(self, *statuses: str, status: int = 0, file_status: str = "passed", title: str = "does it") -> None:
        tests = [{"status": s, "fullName": f"{title} {i}"} for i, s in enumerate(statuses)]
        report = {"testResults": [{"name": "/x/a.test.js", "status": file_status, "assertionResults": tests}]}
        (self.folder / "unit.json").write_text(json.dumps(report))
        self.run("jest", "unit", status)

    def pytest(self, name: str, *cases: str, status: int = 0) -> None:
        xml = f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>"
        (self.folder / f"{name}.xml").write_text(xml)
        self.run("pytest", name, status)

    def summary(self) -> tuple[int, list[str]]:
        code = test_summary.main(self.folder, self.shared)
        return code, self._capsys.readouterr().out.splitlines()


@pytest.fixture
def results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Results:
    return Results(tmp_path, capsys)


def case(name: str, inside: str = "") -> str:
    return f'<testcase classname="test_x" name="{name}">{inside}</testcase>'


def test_runners_are_summed(results: Results) -> None:
    results.jest("passed", "passed")
    results.pytest("ros", case("a"), case("b"))
    results.run("check", "ruff")
    code, lines = results.summary()
    assert code == 0
    assert lines[-1] == "4 passed, 0 failed"


def test_failures_are_named_and_counted(results: Results) -> None:
    results.jest("passed", "failed", status=1, file_status="failed")
    results.pytest("ros", case("bad", "<failure/>"), case("broken", "<error/>"), status=1)
    results.run("check", "ruff", 1)
    code, lines = results.summary()
    assert code == 1
    assert lines[-1] == "1 passed, 4 failed"
    assert "  test_x::bad" in lines
    assert "  ruff: ended with exit code 1" in lines


def test_a_test_whose_teardown_fails_too_counts_once(results: Results) -> None:
    results.pytest("ros", case("bad", "<failure/>"), case("bad", "<error/>"), status=1)
    assert results.summary()[1][-1] == "0 passed, 1 failed"


def test_skips_are_listed_with_their_cause(results: Results) -> None:
    results.pytest("ros", case("a"), case("b", '<skipped message="needs a GPU"/>'))
    code, lines = results.summary()
    assert code == 0
    assert "  test_x::b (needs a GPU)" in lines
    assert lines[-1] == "1 passed, 0 failed"


@pytest.mark.parametrize("shared", [True, False])
def test_camvid_may_be_skipped_only_where_it_is_absent(results: Results, shared: bool) -> None:
    if shared:
        results.shared.mkdir()
    results.jest("passed")
    results.pytest("replay", case("a", '<skipped message="CamVid is not here"/>'))
    code, lines = results.summary()
    assert code == int(shared)
    assert lines[-1] == f"1 passed, {int(shared)} failed"


def test_a_skipped_camvid_jest_test_counts_too(results: Results) -> None:
    results.shared.mkdir()
    results.jest("passed", "pending", title="camvid miou")
    assert results.summary()[1][-1] == "1 passed, 1 failed"


@pytest.mark.parametrize("report", [None, "", '{"testResults": [', "{}"])
def test_a_runner_without_a_usable_report_failed(results: Results, report: str | None) -> None:
    if report is not None:
        (results.folder / "unit.json").write_text(report)
    results.run("jest", "unit", 0)
    code, lines = results.summary()
    assert code == 1
    assert lines[-1] == "0 passed, 1 failed"


@pytest.mark.parametrize(("status", "words"), [(139, "exit code 139"), (124, "time limit"), (3, "exit code 3")])
def test_a_crash_after_a_clean_report_is_a_failure(results: Results, status: int, words: str) -> None:
    results.pytest("ros", case("a"), status=status)
    code, lines = results.summary()
    assert code == 1
    assert any(words in line for line in lines)
    assert lines[-1] == "1 passed, 1 failed"


def test_a_test_file_that_does_not_load_is_a_failure(results: Results) -> None:
    results.jest(file_status="failed", status=1)
    assert results.summary()[1][-1] == "0 passed, 1 failed"


def test_nothing_run_is_a_failure(results: Results) -> None:
    assert results.summary()[0] == 1
    results.run("check", "ruff")
    assert results.summary()[0] == 1


def test_a_suite_without_tests_is_a_failure(results: Results) -> None:
    results.jest("passed")
    results.pytest("ros", status=5)
    code, lines = results.summary()
    assert code == 1
    assert "  ros: has no tests" in lines
