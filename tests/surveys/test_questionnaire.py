"""Questionnaires: what is described is shown, what is answered is read back, what is wrong is named and never lost."""

from __future__ import annotations

import json
import shutil
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from crmlib import surveys
from crmlib.errors import SchemaError, SourceError

if TYPE_CHECKING:
    from pathlib import Path

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
HEAD = 'id = "short"\ntitle = "Title"\nintro = "Intro"\nthanks = "Thanks"\n'
ONE = '[[questions]]\nid = "q"\nkind = "nps"\ntext = "How likely?"\n'


def written(folder: Path, text: str) -> Path:
    file = folder / "form.toml"
    file.write_text(text, encoding="utf-8")
    return file


class Page(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.mark.parametrize("language", ["en", "it"])
def test_the_page_needs_nothing_else_and_names_everything(language: str) -> None:
    page = Page(surveys.load_questionnaire("after_order").html(language))
    assert page.all("html")[0]["lang"] == language
    assert not [a for _, a in page.found if a.get("src") or str(a.get("href", "")).startswith("http")]
    assert not page.all("link")
    inputs = page.all("input")
    assert [each["value"] for each in inputs if each["name"] == "recommend"] == [str(mark) for mark in range(11)]
    assert [each["value"] for each in inputs if each["name"] == "delivery"] == ["1", "2", "3", "4", "5"]
    assert len(page.all("fieldset")) == len(page.all("legend")) == 3
    assert {area["id"] for area in page.all("textarea")} <= {label.get("for") for label in page.all("label")}
    assert not [each for each in inputs if "required" in each]
    described = {a["aria-describedby"] for _, a in page.found if "aria-describedby" in a}
    assert described <= {a.get("id") for _, a in page.found}


def test_the_scale_is_the_policys(tmp_path: Path) -> None:
    form = surveys.load_questionnaire(written(tmp_path, HEAD + ONE), policy="texts")
    assert form.questions[0].marks(form.policy) == range(1, 11)
    assert form.version != surveys.load_questionnaire(tmp_path / "form.toml").version


def test_texts_cannot_become_markup(tmp_path: Path) -> None:
    bad = '"><script>alert(1)</script>'
    text = HEAD.replace('"Intro"', f"'{bad}'").replace('"Thanks"', f"'{bad}'") + ONE
    page = surveys.load_questionnaire(written(tmp_path, text)).html("en")
    assert "<script>alert" not in page
    assert len(Page(page).all("script")) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id = ", "form.toml"),
        (HEAD, "questions"),
        (HEAD + ONE + ONE, "two questions have the id 'q'"),
        (HEAD + ONE.replace('"q"', '"Q 1"'), "use lower-case letters"),
        (HEAD + ONE.replace('"nps"', '"stars"'), "stars"),
        (HEAD + ONE.replace('"nps"', '"choice"'), "options belong to the kinds choice and several"),
        (HEAD + ONE + 'options = [{ id = "a", text = "A" }]', "options belong"),
        (HEAD + ONE.replace('"nps"', '"csat"') + 'scale = "nps_0_10"', "belongs to the kind nps"),
        (HEAD + ONE + "required = true", "required"),
        (HEAD + 'mail_to = "somebody?bcc=x"\n' + ONE, "is no address"),
        (HEAD.replace('"Title"', '{ en = "Title" }').replace('"Intro"', '{ it = "Intro" }') + ONE, "no language"),
        (HEAD.replace('"Title"', '{ fr = "Titre" }') + ONE, "'fr' is no language"),
        (HEAD.replace('"Title"', '""') + ONE, "title: there is no text"),
        (HEAD + "".join(ONE.replace('"q"', f'"q{n}"') for n in range(9)), "ask 1 to 8"),
    ],
)
def test_a_questionnaire_that_is_none_says_why(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=message):
        surveys.load_questionnaire(written(tmp_path, text))


def test_no_file_and_no_such_language(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="There is no questionnaire"):
        surveys.load_questionnaire(tmp_path / "none.toml")
    text = HEAD.replace('"Title"', '{ en = "Title" }') + ONE
    with pytest.raises(SchemaError, match="not every text is written in 'it'; complete: en"):
        surveys.load_questionnaire(written(tmp_path, text)).html("it")


FORM = surveys.load_questionnaire("after_order")


def reply(**changes: Any) -> dict[str, Any]:
    return {
        "questionnaire": FORM.id,
        "version": FORM.version,
        "language": "it",
        "customer": "C1",
        "answered": "2026-03-01T10:00:00Z",
        "answers": {"recommend": 9, "delivery": 2, "reason": "delivery", "comment": "tardi"},
        **changes,
    }


def saved(folder: Path, **files: Any) -> Path:
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return folder


def test_replies_come_back_as_a_table_and_as_answers(tmp_path: Path) -> None:
    folder = saved(tmp_path, a=reply(), b=reply(customer="", answers={"recommend": 0}))
    read = surveys.read_replies(folder, FORM, policy={"orders": {"timezone": "Europe/Rome"}})  # type: ignore[arg-type]
    assert len(read.rejected) == 0
    assert read.table["recommend"].tolist() == [9, 0]
    assert read.table["customer_id"].isna().tolist() == [False, True]
    assert str(read.table["answered_ts"].iloc[0]) == "2026-03-01 11:00:00"
    answers = read.answers()
    assert answers[["kind", "touchpoint", "scale", "score"]].to_numpy().tolist() == [
        ["nps", "relationship", "0-10", 9],
        ["nps", "relationship", "0-10", 0],
        ["csat", "delivery", "1-5", 2],
    ]
    assert surveys.nps(answers.loc[answers["kind"] == "nps", "score"]).score == 0


def test_an_empty_folder_gives_an_empty_table(tmp_path: Path) -> None:
    read = surveys.read_replies(tmp_path, FORM)
    assert len(read.table) == len(read.rejected) == len(read.answers()) == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("not json", "not JSON"),
        ("[1]", "there are no answers"),
        ("[" * 30_000, "not JSON"),
        ("x" * 70_000, "no reply to a short questionnaire is so long"),
        (reply(questionnaire="other"), "a reply to 'other'"),
        (reply(version="old"), "another version"),
        (reply(extra=1), "'extra' does not belong"),
        (reply(customer="../../x y"), "is no id"),
        (reply(customer=["C1"]), "is no id"),
        (reply(answered="yesterday"), "'yesterday' is no time"),
        (reply(answered=5), "5 is no time"),
        (reply(answers={"nothing": 1}), "question nothing: there is none"),
        (reply(answers={"recommend": 11}), "question recommend: 11 is off the scale from 0 to 10"),
        (reply(answers={"recommend": "9"}), "'9' is no mark"),
        (reply(answers={"recommend": True}), "True is no mark"),
        (reply(answers={"recommend": 8.5}), "8.5 is no mark"),
        (reply(answers={"delivery": 0}), "0 is off the scale from 1 to 5"),
        (reply(answers={"reason": "weather"}), "'weather' is not among what was offered"),
        (reply(answers={"reason": ["delivery"]}), "is not among"),
        (reply(answers={"comment": "x" * 501}), "no text of at most 500"),
        (reply(answers={"comment": None}), "no text"),
    ],
)
def test_what_cannot_be_taken_is_listed_and_the_others_are_read(content: Any, reason: str, tmp_path: Path) -> None:
    read = surveys.read_replies(saved(tmp_path, bad=content, good=reply()), FORM)
    assert read.table["file"].tolist() == ["good.json"]
    assert read.rejected["file"].tolist() == ["bad.json"]
    assert reason in read.rejected["reason"].iloc[0]


def test_a_reply_that_was_saved_twice_counts_once(tmp_path: Path) -> None:
    read = surveys.read_replies(saved(tmp_path, a=reply(), b=reply()), FORM)
    assert len(read.table) == 1
    assert read.rejected["reason"].tolist() == ["the same reply as a.json"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="There is no file"):
        surveys.read_replies([tmp_path / "none.json"], FORM)


@pytest.mark.needs("chromium")
def test_a_customer_answers_in_a_browser_without_a_network(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    page_file = tmp_path / "form.html"
    page_file.write_text(FORM.html("it"), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_context(accept_downloads=True, offline=True).new_page()
        told: list[str] = []
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.goto(f"{page_file.as_uri()}#t=C0000001")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")  # the keyboard alone: the first mark, then to the right
        page.keyboard.press("ArrowRight")
        page.get_by_label("Consegna", exact=True).check()
        page.get_by_label("Vuoi aggiungere").fill('Il corriere non è mai passato "<b>"')
        with page.expect_download() as download:
            page.get_by_role("button", name="Salva").click()
        download.value.save_as(tmp_path / "reply.json")
        thanks = page.get_by_role("status").inner_text()
        page.get_by_role("button", name="Cancella").click()
        left = page.locator("input:checked").count()
        browser.close()
    read = surveys.read_replies(tmp_path, FORM)
    assert told == []
    assert len(read.rejected) == 0
    row = read.table.iloc[0]
    assert (row["customer_id"], row["recommend"], row["reason"], row["language"]) == ("C0000001", 1, "delivery", "it")
    assert row["comment"] == 'Il corriere non è mai passato "<b>"'
    assert row[["delivery"]].isna().all()
    assert thanks.startswith("Grazie. Le risposte sono state salvate come after_order-")
    assert left == 0
