"""Dictionaries of the business configuration: domain_config objects -> Category, Country, TradeBloc."""

from capi_v2.shapes.absent import Json, without_absent
from rpc.protocol import domain_config


def category_to_json(object: domain_config.DomainObject) -> Json:
    category = object.data.category
    return without_absent({"name": category.name, "categoryID": category.id, "description": category.description})


def country_to_json(object: domain_config.DomainObject) -> Json:
    country = object.data.country
    return without_absent({"id": country.id, "name": country.name, "tradeBlocs": country.trade_blocs})


def trade_bloc_to_json(object: domain_config.DomainObject) -> Json:
    bloc = object.data.trade_bloc
    return without_absent({"id": bloc.id, "name": bloc.name, "description": bloc.description})
