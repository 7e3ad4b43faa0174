import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "release"
GATE = "gate:\n\tmkdir -p dist && touch dist/passed\n"
FAILING = "gate:\n\tfalse\n"


def git(project, *arguments):
    done = subprocess.run(["git", *arguments], cwd=project, check=True, capture_output=True, text=True)
    return done.stdout.split()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of version 1.2.3, committed, that is ready to be released."""
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "Nobody")
        monkeypatch.setenv(f"{name}_EMAIL", "nobody@example.org")
    (tmp_path / ".ci").mkdir()
    (tmp_path / "ddsp_drums").mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci")
    (tmp_path / "ddsp_drums" / "__init__.py").write_text('__version__ = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text("## [Unreleased]\n\n## [1.2.3] - 2026-01-31\n")
    (tmp_path / "Makefile").write_text(GATE)
    (tmp_path / ".gitignore").write_text("dist/\n.venv/\n")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def commit(project):
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--allow-empty", "--message", "A change")


def release(project, *arguments):
    return subprocess.run([project / ".ci" / "release", *arguments], capture_output=True, text=True)


def test_a_version_that_passes_the_gate_is_tagged_and_goes_nowhere(project):
    done = release(project)
    assert done.returncode == 0, done.stderr
    assert "tagged v1.2.3" in done.stdout
    assert git(project, "tag") == ["v1.2.3"]
    assert (project / "dist" / "passed").exists()


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("CHANGELOG.md", "## [Unreleased]\n\nWhat will be 1.2.3\n", "no section '## [1.2.3] - YYYY-MM-DD'"),
        ("CHANGELOG.md", "## [1x2.3] - 2026-01-31\n", "no section"),
        ("ddsp_drums/__init__.py", '__version__ = "1.2.4"\n', "no section '## [1.2.4]"),
        ("Makefile", FAILING, "Error 1"),
        ("Makefile", "gate:\n\techo >> CHANGELOG.md\n", "the gate changed files"),
    ],
)
def test_what_is_not_whole_is_not_tagged(project, file, content, reason):
    (project / file).write_text(content)
    commit(project)
    done = release(project)
    assert done.returncode != 0
    assert reason in done.stderr
    assert git(project, "tag") == []


@pytest.mark.parametrize("name", ["new.py", "CHANGELOG.md"])
def test_a_tree_with_changes_is_refused_before_the_gate(project, name):
    (project / name).write_text("changed")
    done = release(project)
    assert done.returncode == 1
    assert done.stderr == "release: there are changes that are not committed\n"
    assert not (project / "dist").exists()


def test_a_version_is_released_once(project):
    assert release(project).returncode == 0
    done = release(project)
    assert (done.returncode, done.stderr) == (1, "release: there is a tag v1.2.3 already\n")


def test_only_the_one_option_is_known(project):
    done = release(project, "--pubish")
    assert (done.returncode, done.stderr) == (1, "release: the only option is --publish, got --pubish\n")
    assert git(project, "tag") == []


def test_it_is_published_when_that_is_asked_for(project, tmp_path_factory):
    remote = tmp_path_factory.mktemp("remote")
    git(remote, "init", "--quiet", "--bare")
    git(project, "remote", "add", "origin", remote)
    twine = project / ".venv" / "bin" / "twine"
    twine.parent.mkdir(parents=True)
    twine.write_text('#!/bin/sh\necho "twine $@"\n')
    twine.chmod(0o755)
    done = release(project, "--publish")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("twine upload dist/passed\n")
    assert git(remote, "tag") == ["v1.2.3"]
