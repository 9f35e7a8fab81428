"""A sample request -> the text of a program, one function per language."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from docs_site.samples.request import SampleRequest, Text, Variable, joined

HOLE = "\x00"
"""Stands for a variable's place inside a JSON text until the language puts its own words there."""


def curl(request: SampleRequest) -> str:
    """POSIX shell; the body is a here-document, in which the shell fills in variables."""
    lines = [f'curl --fail-with-body -sS -X {request.method} "{_shell(request.url)}"']
    lines += [f'-H "{name}: {_shell(value)}"' for name, value in request.headers]
    if request.body is None:
        return " \\\n  ".join(lines) + "\n"
    body = _json_text(request.body, lambda name: f'"${name}"').replace("\\", "\\\\").replace("`", "\\`")
    return " \\\n  ".join([*lines, "--data-binary @- <<JSON"]) + f"\n{body}\nJSON\n"


def python(request: SampleRequest) -> str:
    """Python with the package requests."""
    headers = "".join(f'    "{name}": {_python_text(value)},\n' for name, value in request.headers)
    lines = [
        "import os",
        "",
        "import requests",
        "",
        f"response = requests.{request.method.lower()}(",
        f"    {_python_text(request.url)},",
        f"    headers={{\n{_shifted(headers, 1)}    }},",
    ]
    if request.body is not None:
        as_bytes = any(name == "Content-Type" for name, _ in request.headers)
        body = _shifted(_python_value(request.body), 1).lstrip()
        lines += [f"    json={body},"] if as_bytes else []
    lines += ["    timeout=30,", ")", "response.raise_for_status()", "print(response.status_code, response.text)"]
    return "\n".join(lines) + "\n"


def javascript(request: SampleRequest) -> str:
    """JavaScript for Node 20 or a browser's module, with fetch."""
    headers = "".join(f'    "{name}": {_js_text(value)},\n' for name, value in request.headers)
    body = ""
    if request.body is not None:
        text = _json_text(request.body, lambda name: f"process.env.{name}")
        body = f"  body: JSON.stringify({_shifted(text, 1, '  ').lstrip()}),\n"
    return (
        f"const response = await fetch({_js_text(request.url)}, {{\n"
        f'  method: "{request.method}",\n  headers: {{\n{headers}  }},\n{body}}});\n'
        "if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);\n"
        "console.log(response.status, await response.text());\n"
    )


def php(request: SampleRequest) -> str:
    """PHP 8 with its curl extension."""
    headers = "".join(f"        {_php_text(joined((f'{name}: ', *value)))},\n" for name, value in request.headers)
    body = ""
    if request.body is not None:
        body = f"    CURLOPT_POSTFIELDS => json_encode({_shifted(_php_value(request.body), 1).lstrip()}),\n"
    return (
        f"<?php\n$curl = curl_init({_php_text(request.url)});\ncurl_setopt_array($curl, [\n"
        f'    CURLOPT_CUSTOMREQUEST => "{request.method}",\n    CURLOPT_RETURNTRANSFER => true,\n'
        f"    CURLOPT_HTTPHEADER => [\n{headers}    ],\n{body}]);\n"
        "$answer = curl_exec($curl);\n$status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);\n"
        'if ($answer === false || $status >= 400) {\n    throw new RuntimeException("$status $answer");\n}\n'
        'echo "$status $answer\\n";\n'
    )


def java(request: SampleRequest) -> str:
    """Java 17 or newer, its own HTTP client; `java Sample.java` runs it."""
    headers = "".join(f'            .header("{name}", {_java_text(value)})\n' for name, value in request.headers)
    publisher = "BodyPublishers.noBody()"
    if request.body is not None:
        text = _json_text(request.body, lambda name: f'"{HOLE}{name}{HOLE}"').replace("\\", "\\\\")
        text = "\n".join(" " * 16 + line for line in text.split("\n"))
        publisher = f'BodyPublishers.ofString("""\n{text}"""{_java_holes(text)})'
        for name in _holes(text):
            publisher = publisher.replace(f"{HOLE}{name}{HOLE}", f"${name}")
    return (
        "import java.net.URI;\nimport java.net.http.HttpClient;\nimport java.net.http.HttpRequest;\n"
        "import java.net.http.HttpRequest.BodyPublishers;\nimport java.net.http.HttpResponse.BodyHandlers;\n\n"
        "public class Sample {\n    public static void main(String[] arguments) throws Exception {\n"
        f"        var request = HttpRequest.newBuilder(URI.create({_java_text(request.url)}))\n{headers}"
        f'            .method("{request.method}", {publisher})\n            .build();\n'
        "        var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());\n"
        '        if (response.statusCode() >= 400) throw new RuntimeException(response.statusCode() + " " '
        "+ response.body());\n"
        '        System.out.println(response.statusCode() + " " + response.body());\n    }\n}\n'
    )


LANGUAGES: Mapping[str, tuple[str, Callable[[SampleRequest], str]]] = {
    "curl": ("Shell", curl),
    "Python": ("Python", python),
    "JavaScript": ("JavaScript", javascript),
    "PHP": ("PHP", php),
    "Java": ("Java", java),
}
"""Label -> (name of the language for colours, writer)."""


def _json_text(body: object, variable: Callable[[str], str]) -> str:
    """Indented JSON; `variable` gives the words that stand, quotes included, where a variable is."""
    names: list[str] = []

    def held(value: Any) -> Any:
        if isinstance(value, Variable):
            names.append(value.name)
            return f"{HOLE}{value.name}{HOLE}"
        if isinstance(value, dict):
            return {name: held(part) for name, part in value.items()}
        return [held(part) for part in value] if isinstance(value, list) else value

    text = json.dumps(held(body), indent=2, ensure_ascii=False)
    for name in names:
        text = text.replace(json.dumps(f"{HOLE}{name}{HOLE}"), variable(name))
    return text


def _shell(text: Text) -> str:
    return "".join(f"${{{part.name}}}" if isinstance(part, Variable) else part for part in text)


def _python_text(text: Text) -> str:
    if len(text) == 1:
        only = text[0]
        return f'os.environ["{only.name}"]' if isinstance(only, Variable) else json.dumps(only, ensure_ascii=False)
    inner = "".join(f"{{os.environ['{part.name}']}}" if isinstance(part, Variable) else part for part in text)
    return f'f"{inner}"'


def _python_value(value: Any, depth: int = 0) -> str:
    pad, inner = "    " * depth, "    " * (depth + 1)
    if isinstance(value, Variable):
        return f'os.environ["{value.name}"]'
    if isinstance(value, dict) and value:
        rows = "".join(f'{inner}"{name}": {_python_value(part, depth + 1)},\n' for name, part in value.items())
        return f"{{\n{rows}{pad}}}"
    if isinstance(value, list) and value:
        rows = "".join(f"{inner}{_python_value(part, depth + 1)},\n" for part in value)
        return f"[\n{rows}{pad}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)


def _js_text(text: Text) -> str:
    if len(text) == 1 and isinstance(text[0], str):
        return json.dumps(text[0], ensure_ascii=False)
    inner = "".join(f"${{process.env.{part.name}}}" if isinstance(part, Variable) else part for part in text)
    return f"`{inner}`"


def _php_text(text: Text) -> str:
    parts = [f'getenv("{part.name}")' if isinstance(part, Variable) else json.dumps(part) for part in text]
    return " . ".join(parts)


def _php_value(value: Any, depth: int = 0) -> str:
    pad, inner = "    " * depth, "    " * (depth + 1)
    if isinstance(value, Variable):
        return f'getenv("{value.name}")'
    if isinstance(value, dict):
        rows = "".join(f'{inner}"{name}" => {_php_value(part, depth + 1)},\n' for name, part in value.items())
        return f"[\n{rows}{pad}]" if rows else "new stdClass()"
    if isinstance(value, list):
        return "[\n" + "".join(f"{inner}{_php_value(part, depth + 1)},\n" for part in value) + f"{pad}]"
    return json.dumps(value, ensure_ascii=False).replace("$", "\\$")


def _java_text(text: Text) -> str:
    parts = [
        f'System.getenv("{part.name}")' if isinstance(part, Variable) else json.dumps(part, ensure_ascii=False)
        for part in text
    ]
    return " + ".join(parts)


def _holes(text: str) -> list[str]:
    return list(dict.fromkeys(text.split(HOLE)[1::2]))


def _java_holes(text: str) -> str:
    return "".join(f'\n                .replace("${name}", System.getenv("{name}"))' for name in _holes(text))


def _shifted(text: str, levels: int, indent: str = "    ") -> str:
    return "".join(indent * levels + line for line in text.splitlines(keepends=True))
