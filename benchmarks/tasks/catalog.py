"""A made-up shop of bicycles, written as such files are: units mixed, three forms of dates, gaps; and the truth."""

import csv
import random
from dataclasses import dataclass
from pathlib import Path

SIZE = 240
SEED = 14
TYPES = {  # euros, kilograms, gears, of the lightest and cheapest to the heaviest and dearest
    "city": ((350, 1500), (12, 18), (3, 8)),
    "touring": ((700, 3200), (11, 17), (9, 30)),
    "mountain": ((600, 4800), (10, 16), (8, 24)),
    "road": ((800, 6500), (7, 11), (11, 24)),
    "cargo": ((1500, 5500), (24, 42), (7, 12)),
    "folding": ((400, 2200), (9, 14), (1, 8)),
}
COLORS = ("red", "blue", "green", "black", "white", "orange", "silver")
BRANDS = ("Veloria", "Norrack", "Tamsin", "Bergkamm", "Ostrava", "Quillon", "Faradine", "Hallgrim", "Pendula", "Zubrik")
MODELS = (
    "Kestrel",
    "Lynx",
    "Sorrel",
    "Tarn",
    "Vesper",
    "Juniper",
    "Rook",
    "Marlin",
    "Osprey",
    "Fenn",
    "Dapple",
    "Ibex",
)
SHOPS = ("Radhaus", "Pedalpoint", "Velo Nord", "Kettenwerk", "Zweirad Lang")
SIZES = ("S", "M", "L", "XL")
ASSEMBLY = ("easy", "medium", "hard")
USES = ("the way to work", "long tours with luggage", "forest tracks", "the school run", "fast Sundays", "the train")
HEAD = (
    *("id", "title", "description", "type", "price", "weight", "range", "gears", "rating", "released", "color"),
    *("brand", "sizes", "shops", "assembly", "electric"),
)


@dataclass(frozen=True, slots=True)
class Bike:
    """What is true of one bicycle, whatever the file writes."""

    bike_id: str
    title: str
    type: str
    price: float
    weight: float
    range: float | None
    """In kilometers; only of those with a motor."""
    gears: float
    rating: float
    """0 to 5."""
    released: float
    color: str
    brand: str
    sizes: tuple[str, ...]
    shops: tuple[str, ...]
    assembly: str
    electric: bool


def make_bikes(seed: int = SEED, size: int = SIZE) -> tuple[Bike, ...]:
    """The shop; the same for a seed."""
    rng = random.Random(seed)
    names = rng.sample([f"{brand} {model} {mark}" for brand in BRANDS for model in MODELS for mark in "237"], size)
    return tuple(_bike(f"b{place:03}", name, rng) for place, name in enumerate(names, 1))


def write_bikes(bikes: tuple[Bike, ...], path: Path, seed: int = SEED) -> None:
    """The file as a shop would have it: nothing in it says what a column means."""
    rng = random.Random(seed + 1)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        writer.writerows(_row(bike, rng) for bike in bikes)


def _bike(bike_id: str, title: str, rng: random.Random) -> Bike:
    kind = rng.choice(tuple(TYPES))
    prices, weights, gears = TYPES[kind]
    electric = rng.random() < (0.8 if kind == "cargo" else 0.35)
    first = rng.randrange(3)
    return Bike(
        bike_id,
        title,
        kind,
        price=float(round(rng.uniform(*prices) + (900 if electric else 0), -1) - 1),
        weight=round(rng.uniform(*weights) + (6 if electric else 0), 1),
        range=float(rng.randrange(40, 161, 5)) if electric else None,
        gears=float(rng.randint(*gears)),
        rating=round(min(5.0, max(1.5, rng.gauss(3.9, 0.7))), 1),
        released=float(rng.randint(2016, 2026)),
        color=rng.choice(COLORS),
        brand=title.split()[0],
        sizes=SIZES[first : first + rng.randint(1, 3)],
        shops=tuple(rng.sample(SHOPS, rng.choice((1, 1, 2, 3)))),
        assembly=rng.choice(ASSEMBLY),
        electric=electric,
    )


def _row(bike: Bike, rng: random.Random) -> list[str]:
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), int(bike.released)
    comma = f"{bike.price:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")
    pound = f"{bike.weight / 0.45359237:.2f} lb"
    mile = "" if bike.range is None else f"{bike.range / 1.609344:.2f} miles"
    return [
        bike.bike_id,
        bike.title,
        f"Made for {rng.choice(USES)} and {rng.choice(USES)}.",
        bike.type,
        rng.choice((f"{bike.price:.0f}", f"{bike.price:.0f} €", f"€{bike.price:,.0f}", f"{comma} EUR")),
        rng.choice((f"{bike.weight} kg", f"{bike.weight:g}kg", f"{bike.weight} kg".replace(".", ","), pound)),
        rng.choice(("N/A", "-", "")) if bike.range is None else rng.choice((f"{bike.range:.0f} km", mile)),
        f"{bike.gears:.0f}",
        rng.choice(
            (f"{bike.rating}/5", f"{bike.rating:.1f}/5", f"{bike.rating * 20:.0f}%", f"{bike.rating * 2:.1f}/10")
        ),
        rng.choice((f"{year}-{month:02}-{day:02}", f"{day:02}.{month:02}.{year}", f"{month}/{year}")),
        bike.color,
        bike.brand,
        "|".join(bike.sizes),
        "; ".join(bike.shops),
        bike.assembly,
        "yes" if bike.electric else "no",
    ]
