"""Parts of pages made from the code's own tables: they change with the code, and cannot lie about it.

Each module gives one function that returns Markdown (with a drawing as inline SVG where there is one).
"""

from collections.abc import Callable, Mapping
from functools import partial

from docs_site.generated import errors, lifecycles, migrations, test_cards, versions
from docs_site.site import Site


def blocks(site: Site) -> Mapping[str, Callable[[], str]]:
    """Name of a block in a guide -> what makes it."""
    return {
        "test-cards": test_cards.markdown,
        "lifecycle-invoice": partial(lifecycles.markdown, "invoice"),
        "lifecycle-payment": partial(lifecycles.markdown, "payment"),
        "lifecycle-refund": partial(lifecycles.markdown, "refund"),
        "errors": partial(errors.markdown, site),
        "versions": partial(versions.markdown, site),
        "migrations": partial(migrations.markdown, site),
    }
