"""The Flask application: every page is made from the site alone, so it also writes the static files."""

import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

from flask import Flask, Response, abort, render_template, request

from docs_site import changes, machines, reference
from docs_site.generated import blocks
from docs_site.guides import to_html, with_generated
from docs_site.problems import problems
from docs_site.site import Site

HERE = Path(__file__).parent
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "connect-src 'self'{connect}",
        "worker-src 'self' blob:",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
"""Styles are inline because both reference renderers write theirs at run time; scripts are ours and vendored only."""

TEXT, MARKDOWN = "text/plain; charset=utf-8", "text/markdown; charset=utf-8"


def create_app(site: Site, security_contact: str = "") -> Flask:
    """The documentation of one site. `security_contact`: a URI for security.txt; "" names the guide on security."""
    app = Flask(__name__, template_folder=str(HERE / "templates"), static_folder=str(HERE / "static"))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(site=site, asset=lambda name: f"/static/{name}?{_digest(HERE / 'static' / name)}")
    _add_guides(app, site)
    _add_references(app, site)
    _add_machine_pages(app, site, security_contact)
    policy = policy_of(site)
    app.after_request(lambda response: _guarded(response, policy))
    app.register_error_handler(404, lambda _: (render_template("missing.html"), 404))
    return app


def _add_guides(app: Flask, site: Site) -> None:
    make = blocks(site)

    @app.get("/")
    def home() -> str:
        return render_template("home.html")

    @app.get("/guides/<slug>.md")
    def guide_text(slug: str) -> Response:
        guide = site.guide(slug) or abort(404)
        return Response(with_generated(guide.text, make), content_type=MARKDOWN)

    @app.get("/guides/<slug>/")
    def guide(slug: str) -> str:
        found = site.guide(slug) or abort(404)
        return render_template("guide.html", guide=found, body=to_html(with_generated(found.text, make)))

    @app.get("/problems/<code>/")
    def problem(code: str) -> str:
        said = problems().get(code) or abort(404)
        return render_template("problem.html", code=code, said=said, when=to_html(said.when), do=to_html(said.do))

    @app.get("/changelog/")
    def changelog() -> str:
        return render_template("changelog.html", body=to_html(changes.CHANGELOG.read_text(encoding="utf-8")))

    @app.get("/changelog.atom")
    def feed() -> Response:
        return Response(changes.atom(request.url_root), content_type="application/atom+xml")


def _add_references(app: Flask, site: Site) -> None:
    @cache
    def referenced(version: str) -> str:
        return reference.as_json(reference.with_samples(site.version(version)))

    @app.get("/<version>/")
    def reference_page(version: str) -> str:
        return render_template("reference.html", docs=site.version(version) or abort(404))

    @app.get("/<version>/try/")
    def try_page(version: str) -> str:
        return render_template("try.html", docs=site.version(version) or abort(404))

    @app.get("/<version>/openapi.json")
    def published(version: str) -> Response:
        docs = site.version(version) or abort(404)
        return Response(reference.as_json(docs.spec), content_type="application/json")

    @app.get("/<version>/openapi.yaml")
    def published_yaml(version: str) -> Response:
        docs = site.version(version) or abort(404)
        return Response(reference.as_yaml(reference.as_json(docs.spec)), content_type="application/yaml")

    @app.get("/<version>/try.json")
    def addressed(version: str) -> Response:
        docs = site.version(version) or abort(404)
        spec = reference.addressed(dict(docs.spec), docs.url)
        return Response(reference.as_json(spec), content_type="application/json")

    @app.get("/<version>/reference.json")
    def with_samples(version: str) -> Response:
        docs = site.version(version) or abort(404)
        return Response(referenced(docs.name), content_type="application/json")


def _add_machine_pages(app: Flask, site: Site, security_contact: str) -> None:
    plain: dict[str, tuple[str, Callable[[], str]]] = {
        "/llms.txt": (TEXT, lambda: machines.llms_txt(site)),
        "/search.json": ("application/json", lambda: json.dumps(machines.search_index(site), ensure_ascii=False)),
        "/.well-known/security.txt": (
            TEXT,
            lambda: machines.security_txt(security_contact or f"{request.url_root}guides/security/"),
        ),
        "/health": ("application/json", lambda: json.dumps({"service": "docs_site", "status": "passing"})),
        "/ready": ("application/json", lambda: json.dumps({"service": "docs_site", "ready": True, "checks": {}})),
        "/robots.txt": (TEXT, lambda: "User-agent: *\nAllow: /\n"),
    }
    for path, (content_type, make) in plain.items():
        app.add_url_rule(
            path, path, lambda make=make, content_type=content_type: Response(make(), content_type=content_type)
        )

    @app.get("/<version>/reference.md")
    def reference_text(version: str) -> Response:
        return Response(machines.reference_markdown(site.version(version) or abort(404)), content_type=MARKDOWN)

    @app.get("/<version>/postman.json")
    def postman(version: str) -> Response:
        docs = site.version(version) or abort(404)
        text = json.dumps(machines.postman(docs), ensure_ascii=False, indent=1)
        return Response(text, content_type="application/json")


def policy_of(site: Site) -> str:
    """Nothing from, and nothing to, any other host but the gateways that "try it" calls."""
    gateways = sorted({url for docs in site.versions for url in (docs.url, docs.cards_url)})
    return POLICY.format(connect="".join(f" {url}" for url in gateways))


def _guarded(response: Response, policy: str) -> Response:
    """Headers of every page."""
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    if request.path.startswith("/static/") and request.query_string:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers["Cache-Control"] = "no-cache"
    return response


@cache
def _digest(path: Path) -> str:
    """So that a changed file is fetched anew although it may be kept for ever."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
