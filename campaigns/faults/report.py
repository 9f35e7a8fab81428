"""The table at the end, for people and for whoever reads its exit status."""

from collections.abc import Mapping, Sequence

from campaigns.faults.checks import Row

SHOWN_MAX = 8


def text(facts: Mapping[str, str], rows: Sequence[Row]) -> str:
    """Facts first, the seed foremost; then a line a row, with the first of what is wrong below it."""
    width = max(map(len, [*facts, *(row.name for row in rows)]))
    lines = [f"  {name:<{width}}  {value}" for name, value in facts.items()]
    lines.append("")
    for row in rows:
        lines.append(f"  {row.name:<{width}}  {'FAIL' if row.wrong else 'OK':<4}  {row.figure}")
        lines += [f"      {each}" for each in row.wrong[:SHOWN_MAX]]
        if len(row.wrong) > SHOWN_MAX:
            lines.append(f"      and {len(row.wrong) - SHOWN_MAX} more")
    failed = sum(bool(row.wrong) for row in rows)
    lines += ["", f"  {len(rows)} rows, {failed} failed"]
    return "\n".join(lines)
