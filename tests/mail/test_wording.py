"""Tests of a practice's own wording: allowed text, and the rendered result."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchkey.mail.wording import MAX_LENGTH, WordingOverrides, check_wording, render_wording

VALUES = {
    "name": "Sam Okafor",
    "practice": "Willow",
    "portal": "https://portal.example.com/willow",
    "phone": "(555) 010-0142",
}


def body(text: str) -> list[list[str]]:
    """Return the paragraphs of a body, before and after the button."""
    message_text = render_wording(WordingOverrides(body=text), **VALUES)
    return message_text.before + message_text.after


@pytest.mark.parametrize(
    "words",
    [
        WordingOverrides(),
        WordingOverrides(
            "Dear {name},", "Welcome to {practice}: {portal}.\r\n\r\n\t{link}\n\nCall {phone}.", "Warmly, {practice}"
        ),
        WordingOverrides(body="{{7*7}} {% for %} ${x} %(x)s {0.__class__} {link}{link} { } {} {1}"),
        WordingOverrides(body="Señora Ñandú – 心理 👩‍👧 ’“”"),
        WordingOverrides(body="x" * MAX_LENGTH),
    ],
)
def test_plain_text_with_our_placeholders_is_fine(words: WordingOverrides) -> None:
    check_wording(words)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            WordingOverrides("Dear {you},"),
            "The greeting has {you}, which stands for nothing. Use one of {name}, {practice}, ",
        ),
        (WordingOverrides(body="{Name}"), "The body has {Name}, which stands for nothing."),
        (
            WordingOverrides(footer="{nombre_de_la_clínica}"),
            "The footer has {nombre_de_la_clínica}, which stands for nothing.",
        ),
        (WordingOverrides("{link}"), "The greeting has {link}, which is where the button goes. Put it in the body."),
        (
            WordingOverrides(footer="{link}"),
            "The footer has {link}, which is where the button goes. Put it in the body.",
        ),
        (WordingOverrides(body="a\0b"), "The body has a control character (U+0000). Remove it."),
        (WordingOverrides(body="\x1b[2J"), "The body has a control character (U+001B). Remove it."),
        (WordingOverrides(footer="\u202emoc.live"), "The footer has a control character (U+202E). Remove it."),
        (WordingOverrides(footer="\ud800"), "The footer has a control character (U+D800). Remove it."),
        (WordingOverrides(body="x" * 2001), "The body has 2001 characters, and 2000 is the most."),
    ],
)
def test_what_cannot_be_shown_to_people_is_refused_in_a_sentence(words: WordingOverrides, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^The .*\.$") as refused:
        check_wording(words)

    assert str(refused.value).startswith(sentence)


def test_each_placeholder_becomes_what_it_stands_for() -> None:
    assert body("{name}, {practice}, {portal}, {phone}, {name}") == [
        ["Sam Okafor, Willow, https://portal.example.com/willow, (555) 010-0142, Sam Okafor"]
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{{7*7}}",
        "{{name}}",
        "${name}",
        "%(name)s",
        "{0.__class__}",
        "{name.upper}",
        "{name!r}",
        "{ name }",
        "{0}",
        "{}",
    ],
)
def test_no_source_holds_prose(text: str) -> None:
    assert body(text) == [[text]]


def test_an_unknown_word_in_braces_that_is_already_stored_stays_as_it_is() -> None:
    assert body("Dear {nobody},") == [["Dear {nobody},"]]


def test_a_name_that_looks_like_a_placeholder_is_a_name() -> None:
    message_text = render_wording(
        WordingOverrides(body="{name} and {practice}"), **VALUES | {"name": "{practice}{link}{name}"}
    )

    assert message_text.before == [["{practice}{link}{name} and Willow"]]
    assert message_text.after == []


def test_the_first_link_divides_the_body_and_the_others_vanish() -> None:
    message_text = render_wording(WordingOverrides("a{link}b", "one {link} two {link} three", "c{link}d"), **VALUES)

    assert (message_text.greeting, message_text.before, message_text.after, message_text.footer) == (
        [["ab"]],
        [["one"]],
        [["two three"]],
        [["cd"]],
    )


def test_blank_lines_part_paragraphs_and_a_line_stays_a_line() -> None:
    assert body("\n one\r\ntwo  \r\n \t \r\n\n\nthree\n") == [["one", "two"], ["three"]]


def test_a_line_that_only_held_a_number_nobody_has_leaves_no_gap() -> None:
    assert render_wording(WordingOverrides(footer="Willow\n{phone}\nBoston"), **VALUES | {"phone": ""}).footer == [
        ["Willow", "Boston"]
    ]


def test_controls_that_were_stored_before_they_were_refused_do_no_harm() -> None:
    assert body("a\0b\u202ec\x1b[31md\u2066") == [["a b c [31md"]]


@given(st.builds(WordingOverrides, *[st.text(st.sampled_from("{}$%link name\n\r\0.é<&\u202e\ud800"), max_size=40)] * 3))
def test_whatever_is_written_becomes_lines_that_can_be_seen(words: WordingOverrides) -> None:
    message_text = render_wording(words, **VALUES)
    for paragraphs in (message_text.greeting, message_text.before, message_text.after, message_text.footer):
        for line in (line for paragraph in paragraphs for line in paragraph):
            assert line == line.strip() != ""
            assert len(line.splitlines()) == 1
            line.encode()
