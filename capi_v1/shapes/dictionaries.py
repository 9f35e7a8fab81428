"""Dictionaries of the business configuration: domain_config objects -> Category."""

from capi_v1.shapes.absent import Json, without_absent
from rpc.protocol import domain_config


def category_to_json(object: domain_config.DomainObject) -> Json:
    category = object.data.category
    return without_absent({"name": category.name, "categoryID": category.id, "description": category.description})
