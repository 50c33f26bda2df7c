"""The HTML report of a run: a front page, a page for each chapter, and an appendix of all recorded results.

No page runs a script or asks another host for anything, and the same notebooks give the same bytes.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from crmlib.suite import front, markup
from crmlib.suite.chapters import Chapter, chapter_of
from crmlib.suite.endings import counted
from crmlib.text import LANGUAGES, report_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import jinja2

__all__ = ["APPENDIX", "FRONT", "Form", "page", "render"]

Form = Literal["pages", "single", "brief"]
FRONT = "index.html"
APPENDIX = "appendix.html"


def render(results: Mapping[str, Any], notebooks: Mapping[str, Path], *, form: Form = "pages") -> dict[str, str]:
    """Set the report of a run.

    Parameters
    ----------
    results
        What ``results.json`` holds; its ``changes``, where it has some, are those of `crmlib.suite.front.changes_of`.
    notebooks
        Name to executed notebook, in the order of the report.
    form
        ``pages``: a front page, a page for each chapter, an appendix. ``single``: all of it in one file. ``brief``: in
        one file what the business needs, without code and course.

    Returns
    -------
    dict
        Name of the file to its HTML, the front page first.
    """
    language = results["language"] if results["language"] in LANGUAGES else "en"
    words = report_words(language)
    currency = _currency(results)
    pages = form == "pages"
    anchors = markup.Anchors()
    chapters = [
        chapter_of(
            name,
            json.loads(path.read_text(encoding="utf-8")),
            results["notebooks"][name],
            markup.Anchors() if pages else anchors,
            language=language,
            currency=currency,
            page=_page_of(name) if pages else "",
            deeper=0 if pages else 1,
            course=form != "brief",
            source=results["source"],
        )
        for name, path in notebooks.items()
    ]
    name = front.shop_name(results["source"])
    days = front.period(results, language)
    kicker = words["brief"] if form == "brief" else words["title"]
    common = {
        "language": language,
        "words": words,
        "form": form,
        "chapters": chapters,
        "shop": name,
        "kicker": kicker,
        "index": FRONT if pages else "",
        "appendix": "" if form == "brief" else (APPENDIX if pages else "#appendix"),
    }
    made = {
        FRONT: _set(
            "front.html.j2",
            **common,
            title=f"{kicker}: {name}, {days}",
            period=days,
            facts=[
                (words["as_of"], front.long_date(results["as_of"], language)),
                (words["notebooks"], counted((chapter.status for chapter in chapters), language).partition(": ")[2]),
                (words["made"], f"crmlib {results['crmlib']}"),
                *([(words["parameters"], words["fast"])] if results["fast"] else []),
            ],
            source=results["source"],
            doubts=results.get("doubts"),
            key_figures=front.key_figures(chapters, results.get("changes", ()), language=language, currency=currency),
            since=front.since(results, language=language, currency=currency),
            decisions=front.decisions(chapters),
            unlocks=front.unlocks(chapters),
            customers=results.get("customers") if pages else None,
        )
    }
    if pages:
        for chapter, before, after in zip(chapters, [None, *chapters[:-1]], [*chapters[1:], None], strict=True):
            title = f"{chapter.title}: {name}"
            made[chapter.page] = _set(
                "chapter.html.j2", **common, chapter=chapter, before=before, after=after, title=title
            )
        made[APPENDIX] = _set("appendix.html.j2", **common, title=f"{words['appendix']}: {name}")
    return made


def page(
    chapters: Sequence[Chapter],
    *,
    title: str,
    kicker: str,
    heading: str,
    facts: Sequence[tuple[str, str]],
    language: str = "en",
) -> str:
    """Set chapters as a page that asks no host for anything.

    Parameters
    ----------
    chapters
        In the order of the page.
    title
        What the browser calls it.
    kicker, heading
        What stands at its head: the kind of page, and what it is about.
    facts
        What stands below: names and values.
    language
        Of the words around the chapters.
    """
    return _set(
        "plain.html.j2",
        title=title,
        kicker=kicker,
        heading=heading,
        facts=facts,
        words=report_words(language),
        language=language,
        chapters=chapters,
        form="single",
        index="",
        appendix="",
        shop=heading,
    )


def _page_of(notebook: str) -> str:
    """Name the page of a chapter; a notebook that is called as another page is sets its own apart."""
    file = f"{notebook}.html"
    return f"{notebook}_chapter.html" if file.casefold() in {FRONT, APPENDIX} else file


def _currency(results: Mapping[str, Any]) -> str:
    """Return what the shop's money is in; empty where neither its source nor its policy says so."""
    return str((results.get("orders") or {}).get("currency") or "")


def _set(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
