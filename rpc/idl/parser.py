"""Tokens -> tree. Takes the Apache compiler's language less its relics (xsd, senum, slist, fields without an id)."""

from pathlib import Path
from typing import Any, NoReturn

from rpc.idl import tree
from rpc.idl.lexer import IdlError, Token, tokenize

CONTAINERS = {"list": 1, "set": 1, "map": 2}
FIELD_ID_MAX = 32767
NESTED_TYPES_MAX = 64


def parse(text: str, path: Path) -> tree.Document:
    """The document of one file. Raises IdlError, which names file and line."""
    return Parser(list(tokenize(text, str(path))), path).document()


class Parser:
    """Recursive descent; one method a rule."""

    def __init__(self, tokens: list[Token], path: Path) -> None:
        self.tokens, self.path, self.position = tokens, path, 0

    def document(self) -> tree.Document:
        """headers, then definitions, to the end of the file."""
        document = tree.Document(self.path.stem, self.path, self.tokens[0].doc)
        self.headers(document)
        while self.token.kind != "end":
            definition = self.definition()
            if definition.name in document.definitions:
                self.fail(f"{definition.name} is defined twice")
            document.definitions[definition.name] = definition
            self.separator()
        return document

    # ---------------------------------------------------------------- tokens

    @property
    def token(self) -> Token:
        """The one to be read next."""
        return self.tokens[self.position]

    def fail(self, reason: str) -> NoReturn:
        """Stops, naming the place."""
        raise IdlError(f"{self.path}:{self.token.line}: {reason}.")

    def take(self, kind: str) -> Token:
        """The next token, which must be of that kind."""
        token = self.token
        if token.kind != kind:
            self.fail(f"{kind} expected, found {token.text!r}")
        self.position += 1
        return token

    def sees(self, text: str) -> bool:
        """Whether the next token is that word or symbol."""
        return self.token.text == text and self.token.kind in ("name", "symbol")

    def skip(self, text: str) -> bool:
        """Takes that word or symbol if it is there."""
        if self.sees(text):
            self.position += 1
            return True
        return False

    def need(self, text: str) -> None:
        """Takes that word or symbol, which must be there."""
        if not self.skip(text):
            self.fail(f"{text!r} expected, found {self.token.text!r}")

    def separator(self) -> None:
        """Lists may be separated by a comma, a semicolon or nothing."""
        _ = self.skip(",") or self.skip(";")

    # ----------------------------------------------------------- definitions

    def headers(self, document: tree.Document) -> None:
        """include and namespace lines."""
        while True:
            if self.skip("include"):
                document.includes.append(self.take("string").text)
            elif self.skip("cpp_include"):
                self.take("string")
            elif self.skip("namespace"):
                _ = self.skip("*") or self.take("name")
                self.take("name")
                self.annotations()
            else:
                return

    def definition(self) -> tree.Definition:
        """One definition of any kind."""
        rules = {
            "typedef": self.typedef,
            "const": self.constant,
            "enum": self.enum,
            "struct": self.struct,
            "union": self.struct,
            "exception": self.struct,
            "service": self.service,
        }
        token = self.take("name")
        if token.text not in rules:
            self.position -= 1
            self.fail(f"a definition expected, found {token.text!r}")
        return rules[token.text](token)

    def typedef(self, opening: Token) -> tree.Typedef:
        """typedef i64 Amount"""
        type_name = self.type_name()
        name = self.take("name").text
        self.annotations()
        return tree.Typedef(name, type_name, opening.doc)

    def constant(self, opening: Token) -> tree.Constant:
        """const i32 LIMIT = 5"""
        type_name, name = self.type_name(), self.take("name").text
        self.need("=")
        return tree.Constant(name, type_name, self.value(), opening.doc, opening.line)

    def enum(self, opening: Token) -> tree.Enum:
        """enum Colour { RED = 1 GREEN }: a member without a number follows the one before it."""
        name, members, following = self.take("name").text, {}, 0
        self.need("{")
        while not self.skip("}"):
            member = self.take("name").text
            number = int(self.take("int").text, 0) if self.skip("=") else following
            if member in members or number in members.values():
                self.fail(f"{name}.{member} repeats a name or a number")
            if not -(2**31) <= number < 2**31:
                self.fail(f"{name}.{member} does not fit 32 bits")
            members[member], following = number, number + 1
            self.annotations()
            self.separator()
        self.annotations()
        return tree.Enum(name, members, opening.doc)

    def struct(self, opening: Token) -> tree.Struct:
        """struct, union or exception."""
        name = self.take("name").text
        self.skip("xsd_all")
        self.need("{")
        fields = self.fields("}")
        self.annotations()
        return tree.Struct(opening.text, name, fields, opening.doc)

    def service(self, opening: Token) -> tree.Service:
        """service Child extends other.Parent { functions }"""
        name = self.take("name").text
        extends = self.take("name").text if self.skip("extends") else None
        self.need("{")
        functions = []
        while not self.skip("}"):
            functions.append(self.function())
            self.separator()
        self.annotations()
        if len({function.name for function in functions}) != len(functions):
            self.fail(f"{name} has two functions of one name")
        return tree.Service(name, extends, tuple(functions), opening.doc)

    def function(self) -> tree.Function:
        """oneway void Name(arguments) throws (exceptions)"""
        doc = self.token.doc
        is_oneway = self.skip("oneway") or self.skip("async")
        result = None if self.skip("void") else self.type_name()
        name = self.take("name").text
        self.need("(")
        arguments, throws = self.fields(")"), ()
        if self.skip("throws"):
            self.need("(")
            throws = self.fields(")")
        self.annotations()
        if is_oneway and (result or throws):
            self.fail(f"oneway {name} can neither answer nor throw")
        return tree.Function(name, result, arguments, throws, is_oneway, doc)

    # ---------------------------------------------------------------- pieces

    def fields(self, closing: str) -> tuple[tree.Field, ...]:
        """Fields up to the closing symbol, in order of their ids."""
        fields = []
        while not self.skip(closing):
            fields.append(self.field())
            self.separator()
        for kind in ("id", "name"):
            if len({getattr(field, kind) for field in fields}) != len(fields):
                self.fail(f"two fields have the same {kind}")
        return tuple(sorted(fields, key=lambda field: field.id))

    def field(self) -> tree.Field:
        """1: required i64 amount = 0 (redact = "true")"""
        opening = self.take("int")
        number = int(opening.text, 0)
        if not 1 <= number <= FIELD_ID_MAX:
            self.fail(f"field id {number} is not between 1 and {FIELD_ID_MAX}")
        self.need(":")
        requiredness = "required" if self.skip("required") else "optional" if self.skip("optional") else ""
        type_name = self.type_name()
        self.skip("&")
        name = self.take("name").text
        if "." in name:
            self.fail(f"{name!r} is no name of a field")
        default = self.value() if self.skip("=") else None
        return tree.Field(number, name, type_name, requiredness, default, self.annotations(), opening.doc, opening.line)

    def type_name(self, depth: int = 1) -> tree.TypeName:
        """i64, base.ID, map<string, list<i32>>"""
        if depth > NESTED_TYPES_MAX:
            self.fail("a type is nested too deep")
        name = self.take("name").text
        parts: list[tree.TypeName] = []
        if name in CONTAINERS:
            self.need("<")
            parts.append(self.type_name(depth + 1))
            if CONTAINERS[name] == 2:
                self.need(",")
                parts.append(self.type_name(depth + 1))
            self.need(">")
        self.annotations()
        return tree.TypeName(name, tuple(parts))

    def value(self, depth: int = 1) -> Any:
        """A literal: number, string, list, map (as a dict), true, false, or the name of something defined elsewhere."""
        if depth > NESTED_TYPES_MAX:
            self.fail("a value is nested too deep")
        if self.skip("["):
            return self.list_value(depth)
        if self.skip("{"):
            return self.map_value(depth)
        token = self.token
        self.position += 1
        if token.kind in ("int", "float", "string", "name"):
            return VALUES[token.kind](token.text)
        self.position -= 1
        return self.fail(f"a value expected, found {token.text!r}")

    def list_value(self, depth: int) -> list[Any]:
        """The rest of a list, behind its opening bracket."""
        items = []
        while not self.skip("]"):
            items.append(self.value(depth + 1))
            self.separator()
        return items

    def map_value(self, depth: int) -> dict[Any, Any]:
        """The rest of a map, behind its opening brace."""
        pairs = {}
        while not self.skip("}"):
            key = self.value(depth + 1)
            if isinstance(key, list | dict):
                self.fail("a map's key must be a plain value")
            self.need(":")
            pairs[key] = self.value(depth + 1)
            self.separator()
        return pairs

    def annotations(self) -> dict[str, str]:
        """(redact = "true", deprecated): a name alone stands for "true"."""
        found: dict[str, str] = {}
        if not self.skip("("):
            return found
        while not self.skip(")"):
            name = self.take("name").text
            found[name] = self.take("string").text if self.skip("=") else "true"
            self.separator()
        return found


def named(text: str) -> bool | tree.Reference:
    """true, false, or a reference."""
    return text == "true" if text in ("true", "false") else tree.Reference(text)


VALUES = {"int": lambda text: int(text, 0), "float": float, "string": str, "name": named}
