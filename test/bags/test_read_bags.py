"""Bags that the packages `mcap` and `rosbags` wrote are read message by message, whole or damaged."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from pathlib import Path

import pytest
from making_bags import QOS, START, STORE, TYPES, Written, messages, read, seen, start, write_mcap
from mcap.writer import CompressionType
from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

WRITTEN = messages()
SEEN = [message.seen for message in WRITTEN]
COUNTS = {topic: sum(message.topic == topic for message in WRITTEN) for topic in TYPES}
COMPRESSIONS = [CompressionType.NONE, CompressionType.LZ4, CompressionType.ZSTD]


def topics(answer: dict) -> dict[str, tuple]:
    return {topic["name"]: (topic["type"], topic["messages"]) for topic in answer["topics"]}


ALL_TOPICS = {topic: (kind, COUNTS[topic]) for topic, kind in TYPES.items()}
SPAN = [str(WRITTEN[0].time), str(WRITTEN[-1].time)]


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("summary", [True, False])
def test_mcap(tmp_path: Path, compression: CompressionType, chunked: bool, summary: bool) -> None:
    path = write_mcap(tmp_path / "named.otherwise", WRITTEN, compression, chunked=chunked, summary=summary)
    (answer,) = read(path)
    assert seen(answer) == SEEN
    assert answer["problems"] == []
    assert topics(answer) == ALL_TOPICS
    assert answer["span"] == SPAN
    assert all(topic["offeredQos"] == QOS for topic in answer["topics"])


def test_selection(tmp_path: Path) -> None:
    path = write_mcap(tmp_path / "a.mcap", WRITTEN, CompressionType.ZSTD)
    bag = rosbag2(tmp_path / "sqlite", StoragePlugin.SQLITE3)
    for asked in path, bag:
        first, last = WRITTEN[10].time, WRITTEN[40].time
        (answer,) = read({"path": str(asked), "topics": ["/words"], "from": str(first), "until": str(last)})
        assert seen(answer) == [m.seen for m in WRITTEN[10:40] if m.topic == "/words"]


def test_order_of_time(tmp_path: Path) -> None:
    """Chunks that overlap, as several writers make them, come out by time."""
    mixed = [*WRITTEN[1::2], *WRITTEN[0::2]]
    for summary in True, False:
        (answer,) = read(write_mcap(tmp_path / f"{summary}.mcap", mixed, summary=summary))
        assert seen(answer) == SEEN
        assert answer["problems"] == []


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("chunked", [True, False])
def test_cut_mcap(tmp_path: Path, compression: CompressionType, chunked: bool) -> None:
    whole = write_mcap(tmp_path / "whole.mcap", WRITTEN, compression, chunked=chunked).read_bytes()
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(whole[: len(whole) * 3 // 5])
    (answer,) = read(cut)
    assert 10 < len(answer["messages"]) < len(WRITTEN)
    assert seen(answer) == SEEN[: len(answer["messages"])]
    (problem,) = answer["problems"]
    assert problem.startswith(f"{cut}, byte ")
    assert "cut" in problem


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("summary", [True, False])
def test_damaged_chunk(tmp_path: Path, compression: CompressionType, summary: bool) -> None:
    """One byte of the middle: its chunk is left out, the others are read."""
    path = write_mcap(tmp_path / "a.mcap", WRITTEN, compression, summary=summary)
    content = bytearray(path.read_bytes())
    content[content.index(WRITTEN[30].data[4:20]) + 8] ^= 0xFF
    path.write_bytes(content)
    (answer,) = read(path)
    assert set(seen(answer)) < set(SEEN)
    assert len(SEEN) - 10 < len(answer["messages"])
    assert seen(answer)[-1] == SEEN[-1]
    problems = [problem for problem in answer["problems"] if "chunk" in problem]
    assert len(problems) == 1, answer["problems"]
    assert problems[0].startswith(f"{path}, byte ")


def test_hostile_sizes(tmp_path: Path) -> None:
    """Claims of terabytes are refused before anything is taken for them."""
    path = write_mcap(tmp_path / "a.mcap", WRITTEN, CompressionType.ZSTD)
    content = path.read_bytes()
    (chunk,) = [content.index(b"\x04\x00\x00\x00zstd") - 28]
    size = tmp_path / "size.mcap"
    size.write_bytes(content[: chunk + 16] + (2**40).to_bytes(8, "little") + content[chunk + 24 :])
    length = tmp_path / "length.mcap"
    length.write_bytes(content[: chunk - 8] + (2**62).to_bytes(8, "little") + content[chunk:])
    for answer in read(size, length):
        assert set(seen(answer)) < set(SEEN)
        assert any("claims" in line or "longer than" in line for line in answer["problems"]), answer["problems"]


def rosbag2(
    path: Path,
    storage: StoragePlugin,
    mode: CompressionMode = CompressionMode.NONE,
    written: list[Written] = WRITTEN,
) -> Path:
    writer = Writer(path, version=9, storage_plugin=storage)
    writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        connections = {
            topic: writer.add_connection(topic, kind, typestore=STORE, offered_qos_profiles=[LATCHED])
            for topic, kind in TYPES.items()
        }
        for message in written:
            writer.write(connections[message.topic], message.time, message.data)
    return path


LATCHED = Qos(
    QosHistory.KEEP_LAST,
    1,
    QosReliability.RELIABLE,
    QosDurability.TRANSIENT_LOCAL,
    QosTime(0, 0),
    QosTime(0, 0),
    QosLiveliness.AUTOMATIC,
    QosTime(0, 0),
    False,
)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the program's temporary files would be."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.mark.parametrize("storage", StoragePlugin)
@pytest.mark.parametrize("mode", [CompressionMode.NONE, CompressionMode.FILE, CompressionMode.MESSAGE])
def test_rosbag2(tmp_path: Path, temporary: Path, storage: StoragePlugin, mode: CompressionMode) -> None:
    path = rosbag2(tmp_path / "bag", storage, mode)
    (file,) = [file for file in path.iterdir() if file.name != "metadata.yaml"]
    before = sorted(path.iterdir())
    for answer in read(path, file):
        assert seen(answer) == SEEN
        assert answer["problems"] == []
        assert topics(answer) == ALL_TOPICS
        assert answer["span"] == SPAN
        assert all("transient_local" in topic["offeredQos"] for topic in answer["topics"])
    assert sorted(path.iterdir()) == before
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("storage", StoragePlugin)
@pytest.mark.parametrize("mode", [CompressionMode.NONE, CompressionMode.FILE])
def test_killed(tmp_path: Path, temporary: Path, storage: StoragePlugin, mode: CompressionMode) -> None:
    """Whoever kills a reader finds neither locks beside the bag nor temporary files."""
    path = rosbag2(tmp_path / "bag", storage, mode)
    before = sorted(path.iterdir())
    assert start({"path": str(path), "killed": True}).returncode == -signal.SIGKILL
    assert sorted(path.iterdir()) == before
    assert list(temporary.iterdir()) == []


def splits(path: Path, storage: StoragePlugin) -> Path:
    """A bag of three files, which stand in an order that is not that of their names."""
    names = ["c", "a", "b"]
    path.mkdir()
    for i, name in enumerate(names):
        part = rosbag2(path.parent / name, storage, CompressionMode.FILE, WRITTEN[i * 20 : i * 20 + 20])
        (file,) = [file for file in part.iterdir() if file.name != "metadata.yaml"]
        shutil.move(file, path)
    metadata = (path.parent / "a" / "metadata.yaml").read_text(encoding="utf-8")
    (listed,) = [line for line in metadata.splitlines() if line.startswith("  - a.")]
    lines = "\n".join(listed.replace("- a.", f"- {name}.") for name in names)
    (path / "metadata.yaml").write_text(metadata.replace(listed, lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("storage", StoragePlugin)
def test_splits(tmp_path: Path, storage: StoragePlugin) -> None:
    path = splits(tmp_path / "bag", storage)
    (answer,) = read(path)
    assert seen(answer) == SEEN
    assert answer["problems"] == []

    # Without what lists them they are read by name; with one that is missing, the others are.
    metadata = path / "metadata.yaml"
    text = metadata.read_text(encoding="utf-8")
    metadata.unlink()
    (answer,) = read(path)
    assert seen(answer) == SEEN[20:] + SEEN[:20]
    assert topics(answer) == ALL_TOPICS
    (problem,) = answer["problems"]
    assert "no metadata.yaml" in problem
    metadata.write_text(text, encoding="utf-8")
    (lost,) = path.glob("a.*")
    lost.unlink()
    (answer,) = read(path)
    assert seen(answer) == SEEN[:20] + SEEN[40:]
    (problem,) = answer["problems"]
    assert str(lost) in problem


@pytest.mark.parametrize("mode", ["wal", "killed wal", "no index", "read-only"])
def test_sqlite_as_found(tmp_path: Path, temporary: Path, mode: str) -> None:
    """A log that a killed recorder left is read; nothing is written beside the file."""
    folder = rosbag2(tmp_path / "bag", StoragePlugin.SQLITE3)
    (file,) = folder.glob("*.db3")
    if mode == "no index":
        with sqlite3.connect(file) as database:
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'index'").fetchall():
                database.execute(f"DROP INDEX {name}")
    if mode.endswith("wal"):
        database = sqlite3.connect(file)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("UPDATE topics SET name = name")
        database.execute("INSERT INTO messages VALUES (1000, 1, ?, ?)", (START + 10**12, b"\0\1\0\0"))
        database.commit()
        if mode.startswith("killed"):
            copied = tmp_path / "copied"
            shutil.copytree(folder, copied)
            folder = copied
            (file,) = folder.glob("*.db3")
        database.close()
    if mode == "read-only":
        file.chmod(0o400)
        folder.chmod(0o500)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (answer,) = read(file)
    assert seen(answer)[: len(SEEN)] == SEEN
    assert len(answer["messages"]) == len(SEEN) + mode.endswith("wal")
    assert answer["problems"] == []
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert list(temporary.iterdir()) == []


def test_cut_sqlite(tmp_path: Path) -> None:
    (file,) = rosbag2(tmp_path / "bag", StoragePlugin.SQLITE3).glob("*.db3")
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * 3 // 4])
    (answer,) = read(file)
    assert set(seen(answer)) < set(SEEN)
    assert len(answer["messages"]) > 10
    assert answer["problems"][0].startswith(f"{file}, byte ")


@pytest.mark.parametrize("storage", StoragePlugin)
def test_cut_packed_file(tmp_path: Path, storage: StoragePlugin) -> None:
    written = messages(400, 4000)
    folder = rosbag2(tmp_path / "bag", storage, CompressionMode.FILE, written)
    (file,) = folder.glob("*.zstd")
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * 3 // 4])
    (answer,) = read(file)
    assert set(seen(answer)) < {message.seen for message in written}
    assert len(answer["messages"]) > 100
    assert any(problem.startswith(f"{file}, byte ") and "zstd" in problem for problem in answer["problems"])


def test_what_is_no_bag(tmp_path: Path) -> None:
    other = tmp_path / "other.db3"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE songs (name TEXT)")
    (tmp_path / "empty.mcap").write_bytes(b"")
    (tmp_path / "picture.mcap").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (tmp_path / "packed.mcap").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(2))
    (tmp_path / "folder").mkdir()
    (tmp_path / "listed").mkdir()
    (tmp_path / "listed" / "metadata.yaml").write_text("rosbag2_bagfile_information: [", encoding="utf-8")
    names = ["other.db3", "empty.mcap", "picture.mcap", "packed.mcap", "folder", "listed", "missing.mcap"]
    for name, answer in zip(names, read(*[tmp_path / name for name in names]), strict=True):
        assert answer["error"] == "BagError", answer
        assert answer["message"].startswith(f"bag {tmp_path / name}: ")
        assert "; " in answer["message"]
        assert "\n" not in answer["message"]
