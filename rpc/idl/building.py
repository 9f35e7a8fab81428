"""Documents -> modules of classes, constants and services. Names are looked up here, in any order of definition."""

from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from rpc.idl import tree
from rpc.idl.calls import function_of
from rpc.idl.checks import Checks
from rpc.idl.classes import attribute_of, enum_class, field_table, struct_class
from rpc.idl.constants import literal
from rpc.idl.lexer import IdlError
from rpc.idl.loading import load_documents
from rpc.idl.runtime import (
    SCALARS,
    Enum,
    EnumOf,
    Field,
    ListOf,
    MapOf,
    Service,
    SetOf,
    StructInfo,
    StructOf,
    Type,
)

TYPEDEFS_MAX = 32


def load_modules(paths: Iterable[Path]) -> dict[str, ModuleType]:
    """File name without suffix -> module with everything that the file defines, of the files and all they include.

    A module's `__thrift__` is its document. Raises IdlError.
    """
    return Builder(load_documents(paths)).build()


class Builder:
    """One run over a set of documents."""

    def __init__(self, documents: dict[str, tree.Document]) -> None:
        self.documents = documents
        self.modules: dict[str, ModuleType] = {}
        self.checks = Checks()
        self.completed: list[type] = []

    def build(self) -> dict[str, ModuleType]:
        """Enums and classes first, then what refers to them; the checks last, which look into nested structs."""
        for document in self.documents.values():
            module = ModuleType(f"rpc.protocol.{document.name}", document.doc)
            module.__thrift__ = document
            self.modules[document.name] = module
        passes = (self.make_enums, self.make_constants, self.make_structs, self.complete_structs, self.make_services)
        for make in passes:
            for document in self.documents.values():
                make(document, self.modules[document.name])
        for struct in self.completed:
            struct.__thrift__.check = self.checks.compile(struct)
        return self.modules

    # --------------------------------------------------------------- passes

    def make_enums(self, document: tree.Document, module: ModuleType) -> None:
        """Enums depend on nothing."""
        for node in nodes(document, tree.Enum):
            setattr(module, node.name, enum_class(node.name, document.name, node.members, node.doc))

    def make_structs(self, document: tree.Document, module: ModuleType) -> None:
        """Classes know the names of their fields; the fields' types follow in `complete_structs`."""
        for node in nodes(document, tree.Struct):
            info = StructInfo(node.name, document.name, node.kind, node.doc)
            attributes = [
                (attribute_of(field.name, node.kind), must_be_given(field, node.kind), self.default_of(field, document))
                for field in node.fields
            ]
            setattr(module, node.name, struct_class(info, attributes))

    def make_constants(self, document: tree.Document, module: ModuleType) -> None:
        """Constants may use enums and constants of files read before."""
        for node in nodes(document, tree.Constant):
            kind = self.type_of(node.type, document, node.line)
            setattr(module, node.name, literal(node.value, kind, self.lookup_in(document), place(document, node)))

    def complete_structs(self, document: tree.Document, module: ModuleType) -> None:
        """Field types and the codec's table."""
        for node in nodes(document, tree.Struct):
            self.complete(getattr(module, node.name), self.fields_of(node.fields, node.kind, document))

    def make_services(self, document: tree.Document, module: ModuleType) -> None:
        """Functions with the structs that carry their arguments and results."""
        for node in nodes(document, tree.Service):
            setattr(module, node.name, self.service_of(node, document, ()))

    # --------------------------------------------------------------- pieces

    def complete(self, struct: type, fields: tuple[Field, ...]) -> None:
        """Gives a class its fields."""
        info: StructInfo = struct.__thrift__
        info.fields = fields
        info.type_arguments[1] = field_table(fields)
        struct.thrift_spec = info.type_arguments[1]
        self.completed.append(struct)

    def fields_of(self, found: tuple[tree.Field, ...], kind: str, document: tree.Document) -> tuple[Field, ...]:
        """The fields of one struct."""
        return tuple(
            Field(
                id=field.id,
                name=field.name,
                attribute=attribute_of(field.name, kind),
                type=self.type_of(field.type, document, field.line),
                is_required=must_be_given(field, kind),
                default=self.default_of(field, document),
                is_redacted=field.annotations.get("redact") == "true",
                declared=str(field.type),
                doc=field.doc,
            )
            for field in found
        )

    def default_of(self, field: tree.Field, document: tree.Document) -> Any:
        """The value of a field that is not given."""
        if field.default is None:
            return None
        kind = self.type_of(field.type, document, field.line)
        return literal(field.default, kind, self.lookup_in(document), place(document, field))

    def service_of(self, node: tree.Service, document: tree.Document, below: tuple[str, ...]) -> Service:
        """A service, its parent's functions first. `below` are the services that led here by `extends`."""
        functions = {}
        if node.extends is not None:
            home, parent = self.definition(node.extends, document)
            if not isinstance(parent, tree.Service) or parent.name in below:
                raise IdlError(f"{document.path}: {node.name} extends {node.extends}, which is no service above it.")
            functions.update(self.service_of(parent, home, (*below, node.name)).functions)
        for function in node.functions:
            functions[function.name] = function_of(function, node.name, document, self)
        return Service(node.name, document.name, functions, node.doc)

    def type_of(self, name: tree.TypeName, document: tree.Document, line: int, steps: int = 0) -> Type:
        """The type that a type name means, typedefs followed."""
        if name.name in SCALARS:
            return SCALARS[name.name]
        if name.parts:
            parts = [self.type_of(part, document, line, steps) for part in name.parts]
            return {"list": ListOf, "set": SetOf, "map": MapOf}[name.name](*parts)
        home, node = self.definition(name.name, document)
        if isinstance(node, tree.Typedef) and steps < TYPEDEFS_MAX:
            return self.type_of(node.type, home, line, steps + 1)
        made = getattr(self.modules[home.name], node.name, None) if node else None
        if isinstance(made, type) and issubclass(made, Enum):
            return EnumOf(made)
        if isinstance(node, tree.Struct):
            return StructOf(made)
        raise IdlError(f"{document.path}:{line}: unknown type {name.name}.")

    def definition(self, name: str, document: tree.Document) -> tuple[tree.Document, tree.Definition | None]:
        """Where a name is defined: in this file, or as `file.Name` in one that it includes."""
        prefix, _, rest = name.rpartition(".")
        included = {Path(include).stem for include in document.includes}
        home = document if not prefix else self.documents.get(prefix) if prefix in included else None
        return (home or document), home.definitions.get(rest) if home else None

    def find(self, name: str, document: tree.Document) -> Any:
        """What was built under a name so far, None for nothing."""
        home, node = self.definition(name, document)
        return getattr(self.modules[home.name], node.name, None) if node else None

    def lookup_in(self, document: tree.Document) -> Any:
        """name -> value of a constant or an enum's member, as seen from that document; None for nothing."""

        def look_up(name: str) -> Any:
            found = self.find(name, document)
            if found is None and "." in name:
                enum_name, _, member = name.rpartition(".")
                enum = self.find(enum_name, document)
                return enum.numbers.get(member) if isinstance(enum, type) and issubclass(enum, Enum) else None
            return found

        return look_up


def nodes(document: tree.Document, kind: type) -> list[Any]:
    """The definitions of one kind, in order of the file."""
    return [node for node in document.definitions.values() if isinstance(node, kind)]


def must_be_given(field: tree.Field, kind: str) -> bool:
    """Whether a value is incomplete without the field. A union's members are optional whatever the file says."""
    return field.requiredness == "required" and kind != "union"


def place(document: tree.Document, node: Any) -> str:
    """file:line of a node."""
    return f"{document.path}:{node.line}"
