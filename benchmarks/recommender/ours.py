"""Our side: the fused recommender, its strategies and its channels, fitted once per training log and kept.

A stopped run goes on: fitted members lie under the cache, named by the log that they were fitted on and by the code.
"""

import ast
import functools
import hashlib
import json
import shutil
import time
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import retrieval.models
from benchmarks.recommender.data import Data
from benchmarks.recommender.harness import LeakError, Result, evaluate, sealed
from benchmarks.recommender.splits import Split, fingerprint
from retrieval.artifacts import default_cache
from retrieval.fusion.others.fused import LEAST_EXAMPLES, POPULARITY_NOW, FusedModel, FusionSettings, fit_fusion
from retrieval.fusion.others.long_term import LONG_TERM as LATER_SETTINGS
from retrieval.fusion.others.long_term import POPULARITY_NOW as COMING_SETTINGS
from retrieval.fusion.others.long_term import fit_long_term, fit_popularity_now
from retrieval.fusion.others.members import MEMBERS, SavableModel
from retrieval.knowledge import triple_table
from retrieval.models.base import Model
from retrieval.models.features import ItemSide
from retrieval.models.log import Log, Profile
from retrieval.models.side import item_side
from retrieval.resources import silent

FUSION_CODE = ("fusion", "ranker", "attention", "calibration", "features", "multitask", "side", "later")
"""Files of retrieval/models that fitted members do not rest on begin so."""
ELSEWHERE = ("clusters",)
"""Files of retrieval/models that nothing here rests on begin so."""
EXTRA = ("people", "sequence", "lightgcn")
"""Channels that are measured, whether the default fuses them or not."""
COMPLEX = "complex"


@dataclass(frozen=True)
class Remembering:
    """A model that scores each profile once: ablations ask for the same ones again and again."""

    model: SavableModel
    seen: dict[bytes, NDArray[np.float32]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.model.name

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        keys = [_key(profile) for profile in profiles]
        new = {key: profile for key, profile in zip(keys, profiles, strict=True) if key not in self.seen}
        if new:
            self.seen.update(zip(new, self.model.score(list(new.values())), strict=True))
        return np.stack([self.seen[key] for key in keys]) if keys else self.model.score([])

    def save(self, folder: Path) -> None:
        self.model.save(folder)


@dataclass(frozen=True)
class Fitted(MutableMapping[tuple[str, int], SavableModel]):
    """Members fitted on one log, by name and by how many last interactions they lack: on disk, then in memory."""

    log: Log
    folder: Path
    held: dict[tuple[str, int], SavableModel] = field(default_factory=dict)
    seconds: dict[tuple[str, int], float] = field(default_factory=dict)

    def fit(self, name: str, without: int, side: ItemSide) -> float:
        """Fit a member unless that was done before; the seconds it took."""
        key = (name, without)
        place = self._place(key)
        if not (place / "seconds.json").is_file():
            part = place.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            began = time.perf_counter()
            model = MEMBERS[name].fit(self._log(without), side, silent)
            spent = time.perf_counter() - began
            model.save(part)
            (part / "seconds.json").write_text(json.dumps(spent), encoding="utf-8")
            part.rename(place)
            self.held[key] = Remembering(model)
        self.seconds[key] = float(json.loads((place / "seconds.json").read_text(encoding="utf-8")))
        return self.seconds[key]

    def __getitem__(self, key: tuple[str, int]) -> SavableModel:
        if key not in self.held:
            if key not in self:
                raise KeyError(key)
            self.held[key] = Remembering(MEMBERS[key[0]].load(self._place(key)))
        return self.held[key]

    def __setitem__(self, key: tuple[str, int], model: SavableModel) -> None:
        raise LeakError(f"expected {key[0]} to be fitted before the fusion, on the log of this split alone")

    def __delitem__(self, key: tuple[str, int]) -> None:
        self.held.pop(key, None)

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return iter(self.seconds)

    def __len__(self) -> int:
        return len(self.seconds)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, tuple) and (self._place((key[0], key[1])) / "seconds.json").is_file()

    def _log(self, without: int) -> Log:
        return sealed(self.log.without_last(without) if without else self.log)

    def _place(self, key: tuple[str, int]) -> Path:
        return self.folder / f"{key[0]}-{fingerprint(self._log(key[1]))}-{code_hash(members_only=True)}"


@dataclass(frozen=True)
class Ours:
    """Our recommenders over what is known of the items."""

    data: Data
    settings: FusionSettings = field(default_factory=FusionSettings)
    folder: Path = field(default_factory=lambda: default_cache() / "recommender-benchmark" / "ours")

    @cached_property
    def side(self) -> ItemSide:
        """What is known of the items without any interaction."""
        return item_side(self.data.dataset.catalog, self.vectors)

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """Vectors of the descriptions, shape (n_items, width)."""
        path = self.folder / f"vectors-{self.data.dataset.catalog_hash[:16]}.npz"
        if not path.is_file():
            from retrieval.encoder import make_encoder
            from retrieval.settings import RetrievalSettings
            from retrieval.vectors import BATCH, item_vectors

            catalog = self.data.dataset.catalog
            encoder, items = make_encoder(RetrievalSettings().encoder), tuple(catalog)
            batches = (items[begin : begin + BATCH] for begin in range(0, len(items), BATCH))
            parts = [item_vectors(batch, catalog.schema, encoder) for batch in batches]
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path, allow_pickle=False, vectors=np.concatenate(parts))
        with np.load(path, allow_pickle=False) as stored:
            return np.asarray(stored["vectors"], dtype=np.float32)

    def fitted(self, split: Split) -> Fitted:
        """The members of the default, fitted on a split's training log, with and without the last interactions."""
        fitted = Fitted(sealed(split.train), self.folder / "members")
        for name in self.settings.members:
            for without in (0, self.settings.cuts):
                fitted.fit(name, without, self.side)
        return fitted

    def member(self, split: Split, name: str) -> SavableModel:
        """One channel, fitted on a split's training log."""
        fitted = Fitted(sealed(split.train), self.folder / "members")
        fitted.fit(name, 0, self.side)
        return fitted[name, 0]

    def fuse(self, split: Split, fitted: Fitted, settings: FusionSettings | None = None) -> tuple[FusedModel, float]:
        """Learn to fuse on a split's training log; the model and the seconds, the members' included."""
        settings = settings or self.settings
        began = time.perf_counter()
        model = fit_fusion(sealed(split.train), self.side, settings, fitted=fitted)
        spent = time.perf_counter() - began
        return model, spent + sum(fitted.seconds[name, n] for name in settings.members for n in (0, settings.cuts))

    def fused(self, split: Split, *, all_strategies: bool = False) -> dict[str, Result]:
        """The default's figures under 'fused'; on demand those of every strategy under its name."""
        chosen = self.settings.strategies if all_strategies else ()
        names = tuple(dict.fromkeys((self.settings.strategy, *chosen)))
        if not all(self.place(f"fused-{name}", split).is_file() for name in names):
            settings = replace(self.settings, strategies=names)
            model, fit_s = self.fuse(split, self.fitted(split), settings)
            for name in names:
                if name in model.strategies:
                    save_scores(self.place(f"fused-{name}", split), model.using(name), split, fit_s)
        places = {name: self.place(f"fused-{name}", split) for name in names}
        results = {name: read_scores(place, split, name) for name, place in places.items() if place.is_file()}
        return {"fused": replace(results[self.settings.strategy], name="fused"), **results}

    def later(self, split: Split, kind: str) -> Result:
        """A fusion for what comes in the next weeks: `LATER` or `COMING`."""
        place = self.place(f"fused-{kind}", split)
        if not place.is_file():
            settings = COMING_SETTINGS if kind == POPULARITY_NOW else LATER_SETTINGS
            fitted = Fitted(sealed(split.train), self.folder / "members")
            members_s = sum(fitted.fit(name, 0, self.side) for name in settings.members)
            began = time.perf_counter()
            log = sealed(split.train)
            model = (fit_popularity_now if kind == POPULARITY_NOW else fit_long_term)(log, self.side, fitted=fitted)
            save_scores(place, model, split, members_s + time.perf_counter() - began)
        return read_scores(place, split, kind)

    def bare(self, split: Split) -> FusedModel:
        """The fused model with members that remember nothing, for timing: hardly trained, which costs no time later."""
        briefly = replace(self.settings.attention, epochs=1)
        settings = replace(
            self.settings, strategies=(self.settings.strategy,), most_examples=LEAST_EXAMPLES, attention=briefly
        )
        model, _ = self.fuse(split, self.fitted(split), settings)
        members = {
            name: member.model if isinstance(member, Remembering) else member for name, member in model.members.items()
        }
        return replace(model, members=members)

    def default_scores(self, split: Split) -> NDArray[np.float32]:
        """The default's scores, after `fused`."""
        with np.load(self.place(f"fused-{self.settings.strategy}", split), allow_pickle=False) as stored:
            return np.asarray(stored["scores"], dtype=np.float32)

    def channels(self, split: Split, extra: Sequence[str] = (*EXTRA, COMPLEX)) -> dict[str, Result]:
        """Each member alone, and the channels that are not fused."""
        fitted = Fitted(sealed(split.train), self.folder / "members")
        results = {}
        for name in dict.fromkeys(
            (*self.settings.members, *(field_name for field_name in extra if field_name in MEMBERS))
        ):
            place = self.place(name, split)
            if not place.is_file():
                fit_s = fitted.fit(name, 0, self.side)
                save_scores(place, fitted[name, 0], split, fit_s)
            results[name] = read_scores(place, split, name)
        if COMPLEX in extra:
            results[COMPLEX] = self._complex(split)
        return results

    def complex_model(self) -> Model:
        """Embeddings of the knowledge graph, which holds no interaction: one fit serves every split."""
        from retrieval.models.graph_embeddings import GraphEmbeddingModel, fit

        place = self.folder / f"{COMPLEX}-{self.data.dataset.catalog_hash[:16]}-{code_hash(members_only=True)}"
        if not place.is_dir():
            part = place.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            began = time.perf_counter()
            model = fit(triple_table(self.data.dataset))
            model.save(part)
            (part / "seconds.json").write_text(json.dumps(time.perf_counter() - began), encoding="utf-8")
            part.rename(place)
        return GraphEmbeddingModel.load(place)

    def _complex(self, split: Split) -> Result:
        place = self.place(COMPLEX, split)
        if not place.is_file():
            model = self.complex_model()
            folder = self.folder / f"{COMPLEX}-{self.data.dataset.catalog_hash[:16]}-{code_hash(members_only=True)}"
            save_scores(place, model, split, float(json.loads((folder / "seconds.json").read_text())))
        return read_scores(place, split, COMPLEX)

    def place(self, name: str, split: Split) -> Path:
        """Where the scores of something are kept; names that begin with `fused` or `ablation` hang on all code."""
        is_fused = name.startswith(("fused", "ablation"))
        text = f"{name} {split.fingerprint} {code_hash(members_only=not is_fused)} {self.settings if is_fused else ''}"
        return self.folder / "scores" / f"{name.split()[0]}-{hashlib.sha256(text.encode()).hexdigest()[:20]}.npz"


def save_scores(place: Path, model: Model, split: Split, fit_s: float) -> None:
    """Score everyone asked about and keep the scores beside the times."""
    began = time.perf_counter()
    scores = model.score(split.profiles)
    spent = time.perf_counter() - began
    place.parent.mkdir(parents=True, exist_ok=True)
    np.savez(place, allow_pickle=False, scores=scores, times=np.asarray([fit_s, spent]), log=fingerprint(split.train))


def read_scores(place: Path, split: Split, name: str) -> Result:
    """Measure what `save_scores` kept.

    Raises:
        LeakError: It comes from another training log.
    """
    with np.load(place, allow_pickle=False) as stored:
        scores, times, log = stored["scores"], stored["times"], str(stored["log"])
    if log != fingerprint(split.train):
        raise LeakError(f"expected scores of a model fitted on {fingerprint(split.train)}, found {log}")
    per_user = 1000 * float(times[1]) / max(1, len(split))
    return evaluate(scores, split, name=name, fit_s=float(times[0]), score_ms=per_user)


@functools.cache
def code_hash(*, members_only: bool) -> str:
    """A fingerprint of the models' code as it is parsed, so that comments and line breaks do not count."""
    digest = hashlib.sha256()
    for path in sorted(Path(retrieval.models.__path__[0]).glob("*.py")):
        unused = (*FUSION_CODE, *ELSEWHERE) if members_only else ELSEWHERE
        if not path.name.startswith(unused) or path.name == "fusion_members.py":
            digest.update(ast.dump(ast.parse(path.read_text(encoding="utf-8"))).encode())
    return digest.hexdigest()[:12]


def _key(profile: Profile) -> bytes:
    return b"".join((profile.items.tobytes(), profile.weights.tobytes(), profile.times.tobytes()))
