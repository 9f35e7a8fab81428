"""The judge of agreement finds what differs, and does not excuse what the table does not list."""

from pathlib import Path

from campaigns.agreement import side_by_side
from campaigns.agreement.comparing import compare, knows, read_lossy
from campaigns.agreement.judging import Result, note, untrue

PAGE = Path(__file__).parents[2] / "docs_site" / "pages" / "side-by-side.md"

LOSSY = {"v1": {"thing": {"colour": "v1 sees no colours"}}, "v3": {"hook": {"*": "v3 has others"}}}


def wrong(one: dict, other: dict) -> tuple[str, ...]:
    return compare(LOSSY, "thing", "v1", one, "v2", other).wrong


def test_equal_facts_agree():
    assert compare(LOSSY, "thing", "v1", {"a": 1, "b": 2}, "v2", {"a": 1, "b": 2}) == (2, (), ())


def test_a_planted_difference_is_named_with_both_values():
    assert wrong({"amount": 100}, {"amount": 1.0}) == ("thing amount: v1 says 100, v2 says 1.0",)


def test_a_fact_that_only_one_version_tells_is_a_disagreement():
    assert wrong({"a": 1}, {"a": 1, "due": 5}) == ("thing due: told by one of v1 and v2 only",)


def test_what_the_table_lists_is_excused_in_its_version_only():
    assert wrong({"a": 1}, {"a": 1, "colour": "red"}) == ()
    assert wrong({"a": 1, "colour": "red"}, {"a": 1}) == ("thing colour: told by one of v1 and v2 only",)


def test_an_entry_of_the_table_that_is_not_so_is_found():
    result = Result()
    note("thing", {"v1": {"colour": "red"}, "v2": {"colour": "red"}, "v3": {"colour": "red"}}, result)
    assert list(untrue(LOSSY, result, ["v1", "v2", "v3"])) == ["specs/lossy.toml: v1 does tell colour of a thing"]
    silent = Result()
    note("thing", {"v1": {"a": 1}, "v2": {"a": 1}, "v3": {"a": 1}}, silent)
    (said,) = untrue(LOSSY, silent, ["v1", "v2", "v3"])
    assert "no version tells colour" in said


def test_a_version_may_lack_a_whole_resource():
    assert knows(LOSSY, "v2", "hook") and not knows(LOSSY, "v3", "hook")


def test_every_entry_of_the_real_table_has_a_reason():
    entries = [
        (version, resource, fact, reason)
        for version, resources in read_lossy().items()
        for resource, facts in resources.items()
        for fact, reason in facts.items()
    ]
    assert entries
    assert all(len(reason.split()) > 3 for *_, reason in entries)


def test_the_page_of_the_docs_tells_the_table_as_it_is():
    """Written anew by `python -m campaigns.agreement --markdown docs_site/pages/side-by-side.md`."""
    assert PAGE.read_text().endswith(side_by_side.losses(read_lossy()))


def test_the_page_shows_no_secret_text_whole():
    shown = side_by_side.shortened({"payer": {"paymentToolToken": "x" * 900}, "list": [{"id": "y" * 20}]})
    assert shown == {"payer": {"paymentToolToken": "x" * 12 + "..."}, "list": [{"id": "y" * 20}]}
