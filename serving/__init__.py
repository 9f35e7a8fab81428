"""How every HTTP service of ours runs: gunicorn's asgi worker with our own limits, log lines and shutdown.

    serve(create_app, host="127.0.0.1", port=8022, name="processing", port_setting="processing.port")

Knows HTTP and processes; knows neither Thrift nor the public API.
"""

from serving.server import serve

__all__ = ["serve"]
