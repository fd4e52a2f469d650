"""An MCP server: language models read sessions, with what was said in them, over the API or from an archive."""

try:
    from realtimekit.mcp_server.server import create_server
    from realtimekit.mcp_server.serving import make_app, serve_http, serve_stdio
except ModuleNotFoundError as _error:
    if (_error.name or "").startswith("realtimekit"):
        raise
    _text = "the MCP server needs the extra `mcp`: pip install 'realtimekit[mcp]'"
    raise ImportError(_text, name=_error.name) from None

__all__ = ["create_server", "make_app", "serve_http", "serve_stdio"]
