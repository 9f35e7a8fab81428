"""What one version makes is the same thing in every other: all pairs, all shared resources, all states.

Facts that a version cannot express stand in specs/lossy.toml, and nothing else may differ.
"""

import os
import string
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.agreement.__main__ import speaking
from campaigns.agreement.comparing import compare, knows, read_lossy
from campaigns.agreement.judging import Result, judge, untrue
from campaigns.agreement.speaking import InvoiceWish, Line, TemplateWish, moment, text_of
from campaigns.agreement.stories import STORIES, WORDS, Object, Version, read
from settings import load
from settings.versions import served_versions

NAMES = [version.name for version in served_versions(load({}))]
EXAMPLES = int(os.environ.get("CAPI_AGREEMENT_EXAMPLES", "8"))
LOSSY = read_lossy()
PAIRS = list(product(NAMES, NAMES))
every_pair = pytest.mark.parametrize(("writer", "reader"), PAIRS)
some = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip

AMOUNTS = st.integers(1, 9_000_000)
TEXTS = st.text(
    string.ascii_letters + string.digits + " .,-_äöüßабвгд日本語€/\\\"'<>&", min_size=1, max_size=60
).filter(str.strip)
WORDS_OF_JSON = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=10)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS_OF_JSON,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS_OF_JSON, inner, max_size=3),
    max_leaves=6,
)
LINES = st.builds(
    Line, TEXTS, st.integers(1, 20), st.integers(1, 100_000), st.sampled_from([None, "0%", "10%", "18%", "10/110"])
)
INVOICES = st.builds(
    InvoiceWish,
    amount=AMOUNTS,
    currency=st.just("RUB"),
    product=TEXTS,
    due=st.integers(60_000, 10**10).map(lambda ms: datetime.now(UTC) + timedelta(milliseconds=ms)),
    description=st.none() | TEXTS,
    cart=st.lists(LINES, max_size=4).map(tuple),
    metadata=st.dictionaries(WORDS_OF_JSON, JSON_VALUES, max_size=4),
)
PRICES = st.one_of(
    st.just(()), st.tuples(AMOUNTS), st.tuples(AMOUNTS, AMOUNTS).map(lambda pair: (min(pair), max(pair) + 1))
)
TEMPLATES = st.builds(
    TemplateWish, TEXTS, st.just("RUB"), PRICES, st.integers(1, 300), st.none() | TEXTS,
    st.dictionaries(WORDS_OF_JSON, JSON_VALUES, max_size=4),
)  # fmt: skip


@pytest.fixture(scope="module")
def versions(system) -> dict[str, Version]:
    """Everybody's hands at the running system, by version."""
    return {each.name: each for each in speaking(load(system.environment), system.api_key, "TESTSHOP")}


@pytest.fixture(scope="module")
def result() -> Result:
    """What all stories of this module showed."""
    return Result()


def agree(versions: dict[str, Version], thing: Object, writer: str, reader: str) -> None:
    """Both say the same of it."""
    said = {name: read(versions[name], thing) for name in {writer, reader}}
    assert compare(LOSSY, thing.resource, writer, said[writer], reader, said[reader]).wrong == ()


def test_there_are_nine_pairs_of_versions_and_each_has_words():
    assert set(NAMES) <= set(WORDS)
    assert len(PAIRS) == 9


@every_pair
@given(wish=INVOICES)
@some
def test_an_invoice_is_the_same_whichever_version_made_and_reads_it(versions, writer, reader, wish: InvoiceWish):
    made = versions[writer].words.make_invoice(versions[writer].client, wish)
    agree(versions, Object("invoice", "unpaid", (made.id,)), writer, reader)
    facts = versions[reader].words.read_invoice(versions[reader].client, made.id)
    assert (facts["amount"], facts["currency"], facts["status"]) == (wish.total, wish.currency, "unpaid")
    assert (facts["product"], facts.get("description")) == (wish.product, wish.description)
    assert facts["metadata"] == wish.metadata
    assert facts["due_at"] == moment(text_of(wish.due))
    assert [line[:3] for line in facts.get("cart", [])] == [tuple(line)[:3] for line in wish.cart]


@every_pair
@given(wish=TEMPLATES)
@some
def test_a_template_is_the_same_whichever_version_made_and_reads_it(versions, writer, reader, wish: TemplateWish):
    made = versions[writer].words.make_template(versions[writer].client, wish)
    agree(versions, Object("template", "new", (made,)), writer, reader)
    facts = versions[reader].words.read_template(versions[reader].client, made)
    assert (facts["product"], facts["price"], facts["lifetime"]) == (wish.product, wish.price, (0, 0, wish.days))


@pytest.mark.parametrize(
    ("story", "writer"),
    [(story, name) for story, name in product(STORIES, NAMES) if knows(LOSSY, name, story.split()[0])],
)
def test_every_state_is_told_alike_by_every_version(versions, result: Result, story: str, writer: str):
    thing = STORIES[story](versions[writer])
    before = len(result.wrong)
    judge(versions[writer], thing, list(versions.values()), LOSSY, result)
    if thing.resource == "webhook":
        versions[writer].words.drop_webhook(versions[writer].client, *thing.ids)
    assert result.wrong[before:] == []


def test_the_table_of_what_is_lost_is_true(result: Result):
    """Stands last: it looks back on every story above."""
    assert set(result.objects) == set(PAIRS), "needs the stories of this module to have run"
    assert list(untrue(LOSSY, result, NAMES)) == []
