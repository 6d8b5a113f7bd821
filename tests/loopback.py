"""A loopback server for tests, which says nothing when a client leaves in the middle of a reply."""

import sys
from http.server import ThreadingHTTPServer


class LoopbackServer(ThreadingHTTPServer):
    """One thread for each connection; only failures of our own handlers are printed."""

    def handle_error(self, request, client_address):
        """Print a handler's failure, except that the client has closed its connection."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)
