"""The versions as a reader sees them: what stands where, since when, until when."""

from docs_site.site import Site


def markdown(site: Site) -> str:
    rows = "\n".join(
        f"| [{docs.name}](/{docs.name}/) | {docs.version.status} | {docs.version.released} | "
        f"{docs.version.deprecated or ''} | {docs.version.sunset or ''} | {len(docs.operations)} |"
        for docs in reversed(site.versions)
    )
    head = "| version | status | since | deprecated | sunset | operations |"
    return f"{head}\n| --- | --- | --- | --- | --- | --- |\n{rows}"
