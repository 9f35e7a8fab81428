"""`python -m campaigns.agreement [--markdown FILE]`: exit status 0 when all versions agree on everything.

Starts a system of its own, makes an object of every kind in every state through every version, and reads each of them
through all. The table has a row for each pair: objects, facts that were equal.
"""

import argparse
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from campaigns.agreement import side_by_side
from campaigns.agreement.comparing import lost_by, read_lossy
from campaigns.agreement.judging import Result, play
from campaigns.agreement.speaking import Client
from campaigns.agreement.stories import WORDS, Version
from campaigns.ground import ground
from console.table import aligned
from settings import Settings
from settings.versions import served_versions
from telemetry import log


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the campaign."""
    parser = argparse.ArgumentParser(prog="python -m campaigns.agreement", description=__doc__)
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the same objects side by side as a page")
    asked = parser.parse_args(arguments)
    log.configure("agreement", "error", descriptor=2)
    with ground() as place:
        versions = speaking(place.settings, place.api.token, place.api.shop_id)
        result = play(versions, read_lossy(), lambda text: print(text, file=sys.stderr, flush=True))
        if asked.markdown:
            asked.markdown.write_text(side_by_side.page(versions, result, read_lossy()), encoding="utf-8")
    print(table(result, [version.name for version in versions]))
    return int(bool(result.wrong))


def speaking(settings: Settings, token: str, shop: str) -> list[Version]:
    """Somebody's hands at every version that runs."""
    found = []
    for each in served_versions(settings):
        api, tokens = (f"http://127.0.0.1:{port}{each.base_path}" for port in (each.port, each.tokens_port))
        found.append(Version(each.name, WORDS[each.name], Client(api, tokens, token, shop)))
    return found


def table(result: Result, names: Sequence[str]) -> str:
    """A row for each pair of writer and reader, then what each version loses, then what is wrong."""
    rows = [
        (writer, reader, str(result.objects[writer, reader]), str(result.equal[writer, reader]))
        for writer, reader in product(names, names)
    ]
    lossy = read_lossy()
    lost = [
        (name, resource, fact, lost_by(lossy, name, resource)[fact])
        for name, resource, fact in sorted(result.lost)
        if fact in lost_by(lossy, name, resource)
    ]
    pairs = aligned(("MADE THROUGH", "READ THROUGH", "OBJECTS", "EQUAL FACTS"), rows)
    losses = aligned(("VERSION", "OF A", "CANNOT TELL", "BECAUSE"), lost)
    return "\n".join([pairs, "", losses, "", *(result.wrong or ["Everything else agrees."])])


if __name__ == "__main__":
    sys.exit(main())
