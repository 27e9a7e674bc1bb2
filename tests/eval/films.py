"""Made-up films, ratings and dialogues in which what goes with what is known beforehand."""

import csv
import json
from pathlib import Path

GENRES = ("horror", "comedy", "western")
PER_GENRE = 8
MOODS = ("Dreadful", "Merry", "Dusty")
PLACES = ("Harbor", "Lantern", "Meadow", "Orchard", "Parade", "Quarry", "River", "Summit")
DEEDS = ("A ghost haunts", "A clown pranks", "A sheriff chases")


def item_id(genre: int, place: int) -> str:
    return f"f{genre}{place}"


def title(genre: int, place: int) -> str:
    return f"{MOODS[genre]} {PLACES[place]}"


def write_world(folder: Path) -> tuple[Path, Path]:
    """A catalog file and an interactions file: users like films of one genre; early places are liked by more."""
    items, ratings = folder / "items.jsonl", folder / "ratings.csv"
    with items.open("w", encoding="utf-8") as out:
        for genre, name in enumerate(GENRES):
            for place in range(PER_GENRE):
                film = {
                    "item_id": item_id(genre, place),
                    "title": title(genre, place),
                    "year": 1980 + place,
                    "genres": [name],
                    "directors": [f"Director {('Alma', 'Bruno', 'Carla')[genre]}{place % 2}"],
                    "synopsis": f"{DEEDS[genre]} the town number {place}.",
                }
                out.write(json.dumps(film) + "\n")
    with ratings.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["user_id", "item_id", "rating", "timestamp"])
        for user in range(30):
            for place in range(PER_GENRE):
                if (user + place) % (place + 1) == 0 or place < 3:
                    rows.writerow([f"u{user}", item_id(user % 3, place), 5, 1_000_000_000 + place])
            rows.writerow([f"u{user}", item_id((user + 1) % 3, user % PER_GENRE), 1, 1_000_000_100])
    return items, ratings


def film_dialogue(number: int, genre: int, *, named: int = 0, answers: tuple[int, ...] = (3,)) -> dict:
    """A user names a film of a genre, the assistant recommends others of it."""
    return {
        "dialogue_id": f"d{number}",
        "turns": [
            {"role": "user", "text": f"Hi, I love {title(genre, named)}. Something {GENRES[genre]}, please."},
            {
                "role": "assistant",
                "text": "Try " + " and ".join(title(genre, amount) for amount in answers),
                "recommended": [item_id(genre, amount) for amount in answers],
            },
            {"role": "user", "text": "Thanks. Another one?"},
            {"role": "assistant", "text": title(genre, 5), "recommended": [item_id(genre, 5)]},
        ],
    }


def write_dialogues(path: Path, dialogues: list[dict]) -> Path:
    path.write_text("".join(json.dumps(dialogue) + "\n" for dialogue in dialogues), encoding="utf-8")
    return path
