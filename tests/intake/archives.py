"""Archives of people with the errors of typing, whose truth is known: not the shop's, and not the shop's generator."""

from random import Random

import pandas as pd
from faker.providers.person.en_GB import Provider as English
from faker.providers.person.it_IT import Provider as Italian

__all__ = ["archive"]

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def archive(people: int, *, seed: int = 1, errors: float = 0.15, keys: float = 0.0) -> pd.DataFrame:
    """Return two records of each person: contact_id, person and the columns of a list; the second has errors.

    Parameters
    ----------
    people
        How many.
    seed
        Of the draw.
    errors
        Share of the second records' values that are mistyped; a third as many are missing.
    keys
        Share of the people who have a mailbox and a telephone; each record carries each with probability .8.
    """
    draw = Random(seed)  # noqa: S311 - a draw, nothing secret
    firsts = sorted({*Italian.first_names, *English.first_names})
    lasts = sorted({*Italian.last_names, *English.last_names})
    towns = ["".join(draw.choices(_LETTERS, k=draw.randint(5, 11))) for _ in range(max(people // 12, 20))]
    rows = []
    for number in range(people):
        town = draw.randrange(len(towns))
        true = {
            "first_name": draw.choice(firsts),
            "last_name": draw.choice(lasts),
            "street": f"via {draw.choice(lasts)} {draw.randint(1, 90)}",
            "city": towns[town],
            "postcode": f"{10000 + 37 * town + draw.randint(0, 4)}",
            "birth_date": f"{draw.randint(1930, 2005)}-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}",
        }
        has = draw.random() < keys
        for copy in ("org", "dup"):
            row = {name: value if copy == "org" else _typed(value, draw, errors) for name, value in true.items()}
            carries = [has and draw.random() < 0.8 for _ in range(2)]
            row["email"] = f"person{number}@mail.example" if carries[0] else None
            row["phone"] = f"3{20 + number % 70}{1000003 + 7 * number}" if carries[1] else None
            rows.append({"contact_id": f"{number}-{copy}", "person": str(number), **row})
    return pd.DataFrame(rows, dtype="str")


def _typed(value: str, draw: Random, errors: float) -> str | None:
    chance = draw.random()
    if chance < errors / 3:
        return None
    if chance > errors * 4 / 3:
        return value
    spot = draw.randrange(1, len(value))
    letter = draw.choice("0123456789" if value[spot].isdigit() else _LETTERS)
    kind = draw.randrange(3)
    return value[:spot] + letter * (kind != 0) + value[spot + (kind != 1) :]
