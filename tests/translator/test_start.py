"""What is wrong with a version stops its start, with a sentence that names the place."""

import types

import pytest
import small_operations
from gateway_kit import House
from small_spec import small_spec

from translator.operation import ATTRIBUTE, operation
from translator.schemas import SpecRefused
from translator.spec import argument_name


def operations(**changes):
    """The small operations as a module, some replaced, some left out (None)."""
    module = types.ModuleType("changed_operations")
    for name, member in vars(small_operations).items():
        if hasattr(member, ATTRIBUTE):
            setattr(module, name, member)
    for name, member in changes.items():
        delattr(module, name) if member is None else setattr(module, name, member)
    for member in vars(module).values():
        if hasattr(member, ATTRIBUTE):
            member.__module__ = module.__name__
    return module


@pytest.fixture(autouse=True)
def modules_stay_as_they_are():
    yield
    for member in vars(small_operations).values():
        if hasattr(member, ATTRIBUTE):
            member.__module__ = small_operations.__name__


def serving(scope="party:read", **options):
    """A declared function with these arguments after `call`."""

    def declare(source):
        space = {}
        exec(f"async def served({source}): ...", space)
        return operation(scope=scope, **options)(space["served"])

    return declare


def refusal(tmp_path, spec=None, modules=None, **options):
    with pytest.raises(SpecRefused) as refused:
        House(tmp_path, spec, modules, **options)
    return str(refused.value)


def test_an_operation_without_a_function(tmp_path):
    text = refusal(tmp_path, modules=[operations(delete_shop=None)])
    assert text == "Operation deleteShop has no function: no module declares delete_shop."


def test_a_function_without_an_operation(tmp_path):
    text = refusal(tmp_path, modules=[operations(close_shop=serving()("call"))])
    assert "close_shop serves no operation" in text


def test_an_operation_served_twice(tmp_path):
    module = operations()
    other = types.ModuleType("other_operations")
    other.get_shops = serving()("call, limit, **rest")
    other.get_shops.__module__ = "other_operations"
    text = refusal(tmp_path, modules=[module, other])
    assert text == "Operation get_shops is served twice: in changed_operations and in other_operations."


def test_an_operation_without_a_scope():
    async def get_shops(call): ...

    with pytest.raises(TypeError, match="get_shops declares no scope"):
        operation(scope="")(get_shops)
    with pytest.raises(TypeError, match="scope"):
        operation()(get_shops)


def test_an_operation_that_is_no_coroutine_function():
    def get_shops(call): ...

    with pytest.raises(TypeError, match="async def"):
        operation(scope="party:read")(get_shops)


@pytest.mark.parametrize(("scope", "word"), [("shops:read", "'shops'"), ("invoices.{invoiceID}:read", "'invoiceID'")])
def test_a_scope_that_means_nothing(tmp_path, scope, word):
    text = refusal(tmp_path, modules=[operations(get_shop_by_id=serving(scope)("call, shop_id"))])
    assert text.startswith("Operation getShopByID: its scope") and word in text


@pytest.mark.parametrize("arguments", ["call", "call, shop", "call, shop_id, more", "shop_id"])
def test_a_function_of_other_arguments_than_the_spec(tmp_path, arguments):
    text = refusal(tmp_path, modules=[operations(get_shop_by_id=serving("invoices.{shopID}:read")(arguments))])
    assert text.startswith("Operation getShopByID is called with (call, shop_id)")


def test_a_body_with_an_external_id_and_no_features(tmp_path):
    text = refusal(tmp_path, modules=[operations(create_shop=serving("party:write")("call, shop_params"))])
    assert text.startswith("Operation createShop takes an externalID but declares no features")


@pytest.mark.parametrize("side", ["only_tags", "without_tags"])
def test_a_tag_that_the_spec_does_not_know(tmp_path, side):
    text = refusal(tmp_path, **{side: ["Token"]})
    assert text == "No operation has the tag 'Token'. The spec's tags: Categories, Shops, Tokens."


def change(edit):
    spec = small_spec()
    edit(spec)
    return spec


SPECS = {
    "an operationId used twice": (
        lambda spec: spec["paths"]["/tokens"]["post"].update(operationId="createShop"),
        "createShop stands in the spec twice",
    ),
    "no operationId": (
        lambda spec: spec["paths"]["/tokens"]["post"].pop("operationId"),
        "POST /tokens has no operationId",
    ),
    "a reference to nothing": (
        lambda spec: spec["definitions"]["Line"]["properties"].update(x={"$ref": "#/definitions/Nothing"}),
        "#/definitions/Nothing",
    ),
    "a parameter that is nowhere": (
        lambda spec: spec["paths"]["/tokens"]["post"]["parameters"].append({"$ref": "#/parameters/none"}),
        "Operation createToken",
    ),
    "a keyword nobody enforces": (
        lambda spec: spec["definitions"]["Line"].update(oneOf=[{}]),
        "'oneOf', which would not be enforced",
    ),
    "a pattern that cannot be compiled": (
        lambda spec: spec["definitions"]["ShopParams"]["properties"]["account"].update(pattern="(?<=x)y"),
        "cannot be compiled",
    ),
    "a path parameter that is not in the path": (
        lambda spec: spec["paths"]["/tokens"]["post"]["parameters"].append({"$ref": "#/parameters/shopID"}),
        "do not agree",
    ),
    "two parameters of one name": (
        lambda spec: spec["paths"]["/shops"]["get"]["parameters"].append(
            {"name": "limit", "in": "header", "type": "string"}
        ),
        "two parameters are called limit",
    ),
    "a public operation": (
        lambda spec: spec["paths"]["/tokens"]["post"].update(security=[]),
        "createToken needs no token",
    ),
    "a path whose parameters have other names": (
        lambda spec: spec["paths"].update({"/shops/{x}/suspend": spec["paths"].pop("/categories/{categoryID}")}),
        "Operation getCategoryByRef",
    ),
    "what is no Swagger": (lambda spec: spec.update(swagger="3.0"), "Swagger"),
}


@pytest.mark.parametrize(("edit", "words"), SPECS.values(), ids=SPECS)
def test_a_spec_that_cannot_be_served_has(tmp_path, edit, words):
    assert words in refusal(tmp_path, change(edit))


@pytest.mark.parametrize("content", [None, "", "{", '{"a":1,"a":2}'])
def test_a_spec_file_that_cannot_be_read(tmp_path, content):
    from translator.spec import read_spec

    file = tmp_path / "bundled.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SpecRefused, match=r"bundled\.json cannot be read"):
        read_spec(file)


def test_operations_of_other_tags_must_exist_all_the_same(tmp_path):
    text = refusal(tmp_path, modules=[operations(create_token=None)], without_tags=["Tokens"])
    assert "createToken has no function" in text


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("getInvoiceByID", "get_invoice_by_id"),
        ("getCustomerById", "get_customer_by_id"),
        ("getInvoicePaymentMethodsByTemplateID", "get_invoice_payment_methods_by_template_id"),
        ("invoiceID", "invoice_id"),
        ("payerIP", "payer_ip"),
        ("geoIDs", "geo_ids"),
        ("first6", "first6"),
        ("bankCardTokenProvider", "bank_card_token_provider"),
        ("X-Thing", "x_thing"),
    ],
)
def test_names_of_the_spec_become_names_of_python(name, argument):
    assert argument_name(name) == argument
