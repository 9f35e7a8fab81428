"""Functions of services: the structs that carry arguments and results, and the first bytes of their messages."""

import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rpc.idl import tree
from rpc.idl.classes import attribute_of, struct_class
from rpc.idl.lexer import IdlError
from rpc.idl.runtime import Declared, Field, Frame, Function, StructInfo, StructOf

CALL, REPLY, EXCEPTION, ONEWAY = 1, 2, 3, 4
VERSION = 0x80010000
SUCCESS = "success"
SEQUENCE_0 = bytes(4)


def function_of(node: tree.Function, service: str, document: tree.Document, builder: Any) -> Function:
    """One function. Arguments without the word `optional` are required; each result member is optional."""
    arguments = record(f"{node.name}_args", document, builder, argument_fields(node, document, builder))
    returns = builder.type_of(node.result, document, 0) if node.result else None
    throws = thrown_fields(node, service, document, builder)
    success = [] if returns is None else [Field(0, SUCCESS, SUCCESS, returns, is_required=False)]
    result = record(f"{node.name}_result", document, builder, (*success, *throws))
    heads = {kind: head(kind, node.name) for kind in (CALL, REPLY, EXCEPTION, ONEWAY)}
    return Function(
        service=service,
        name=node.name,
        arguments=arguments,
        result=result,
        returns=returns,
        throws={field.type.struct: field.attribute for field in throws},
        is_oneway=node.is_oneway,
        doc=node.doc,
        declared=declaration(node),
        heads=heads,
        call=frame(heads[ONEWAY if node.is_oneway else CALL], arguments.__thrift__.fields, builder),
        reply=frame(heads[REPLY], success, builder),
    )


def record(name: str, document: tree.Document, builder: Any, fields: tuple[Field, ...]) -> type:
    """A struct that no file defines."""
    info = StructInfo(name, document.name, "struct", "")
    made = struct_class(info, [(field.attribute, field.is_required, field.default) for field in fields])
    builder.complete(made, fields)
    return made


def argument_fields(node: tree.Function, document: tree.Document, builder: Any) -> tuple[Field, ...]:
    """The fields of the struct that carries the arguments."""
    fields = builder.fields_of(node.arguments, "struct", document)
    optional = {found.name for found in node.arguments if found.requiredness == "optional" or found.default is not None}
    return tuple(replace(field, is_required=field.name not in optional) for field in fields)


def thrown_fields(node: tree.Function, service: str, document: tree.Document, builder: Any) -> tuple[Field, ...]:
    """The fields of the result that carry exceptions; each class at most once."""
    fields = builder.fields_of(node.throws, "union", document)
    classes = [field.type.struct for field in fields if isinstance(field.type, StructOf)]
    if len(set(classes)) != len(fields) or not all(issubclass(made, Declared) for made in classes):
        raise IdlError(f"{document.path}: {service}.{node.name} must throw exceptions, each of them once.")
    return tuple(
        Field(field.id, field.name, attribute_of_throw(field.name), field.type, is_required=False) for field in fields
    )


def attribute_of_throw(name: str) -> str:
    """Keeps the name of the result itself free."""
    return f"{name}_" if name == SUCCESS else attribute_of(name, "struct")


def head(kind: int, name: str) -> bytes:
    """The first bytes of a message: version and kind, the function's name."""
    text = name.encode()
    return struct.pack("!II", VERSION | kind, len(text)) + text


def frame(head: bytes, fields: Sequence[Field], builder: Any) -> Frame | None:
    """What stands around the only field of a message; None when there are others, or it is no struct.

    None, too, when the struct may contain itself: how deep it may be nested, is counted from the message's beginning.
    """
    if len(fields) != 1 or not isinstance(fields[0].type, StructOf):
        return None
    kind, number = fields[0].type, fields[0].id
    if builder.checks.is_endless(kind.struct):
        return None
    return Frame(kind.struct, head + SEQUENCE_0 + struct.pack("!Bh", kind.code, number))


def declaration(node: tree.Function) -> str:
    """The function as one line, for people: `Invoice Get(string id) throws (InvoiceNotFound)`."""
    arguments = ", ".join(f"{field.type} {field.name}" for field in node.arguments)
    throws = f" throws ({', '.join(str(field.type) for field in node.throws)})" if node.throws else ""
    return f"{node.result or 'void'} {node.name}({arguments}){throws}"
