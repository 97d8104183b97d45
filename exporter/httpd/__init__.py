"""An HTTP/1.1 server that slow clients cannot stop."""
