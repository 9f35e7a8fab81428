"""Services and structs by the name that a person types: `Name`, or `file.Name` where several files have it."""

from types import ModuleType

from rpc.idl.runtime import Enum, Service

Modules = dict[str, ModuleType]


class NotFound(Exception):
    """Nothing, or more than one thing, goes by that name; the text is a sentence."""


def services_in(module: ModuleType) -> list[Service]:
    """The services that a file defines."""
    return [made for made in vars(module).values() if isinstance(made, Service)]


def find_service(modules: Modules, name: str) -> Service:
    """The service of that name. Raises NotFound, which lists those there are."""
    services = [service for module in modules.values() for service in services_in(module)]
    file_name, _, bare = name.rpartition(".")
    found = [service for service in services if service.name == bare and file_name in ("", service.module)]
    if len(found) != 1:
        known = ", ".join(f"{service.module}.{service.name}" for service in services) or "none"
        raise NotFound(f"{'Several services are' if found else 'No service is'} called {name}; there are {known}.")
    return found[0]


def find_struct(modules: Modules, name: str) -> type:
    """The struct, union or exception of that name. Raises NotFound."""
    file_name, _, bare = name.rpartition(".")
    made = [vars(module).get(bare) for key, module in modules.items() if file_name in ("", key)]
    found = [struct for struct in made if isinstance(struct, type) and not issubclass(struct, Enum)]
    if len(found) != 1:
        raise NotFound(f"{'Several types are' if found else 'No struct, union or exception is'} called {name}.")
    return found[0]
